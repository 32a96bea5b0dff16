"""Runs miner's commands as forks of this process, breaks them, and looks at what is left and what comes after."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from miner.errors import IndexNotFound
from miner.index import open_index
from tests.faults.breaker import Breaker
from tests.faults.scenarios import Scenario, fresh

FAULTS = ("kill", "term", "int", "ENOSPC", "ENOSPC+", "EIO", "EACCES", "EROFS+", "moment", "limit", "remove")
"""As the driver has them; moment: SIGKILL after some time; limit: no file beyond some size; remove: another file
vanishes at the event."""

CODES = {"kill": (-9,), "moment": (-9, 0), "int": (130, 0), "term": (130, 0)}
"""What a broken command may end with, where it is not success, failure or misuse."""


class Remover(Breaker):
    """Deletes one file of the folder at the event."""

    def __init__(self, folder: Path, event: int, draw: random.Random) -> None:
        super().__init__(folder, event, "remove")
        self.draw = draw

    def _strike(self, path: Any) -> None:
        files = sorted(p for p in Path(self.folder).rglob("*") if p.is_file())
        self.event = 0
        if files:
            self.draw.choice(files).unlink()


@dataclass
class Trial:
    """A command in a folder."""

    scenario: Scenario
    folder: Path
    draw: random.Random = field(default_factory=lambda: random.Random(0))

    def run(self, event: int = 0, fault: str = "kill", seconds: float = 60) -> tuple[int, str, int]:
        """Exit code (less than 0: signal), what was said, and how many events there were."""
        reading, said = os.pipe()
        child = os.fork()
        if not child:
            self._child(said, event, fault)
        os.close(said)
        deadline = time.monotonic() + (self.draw.uniform(0, 0.4) if fault == "moment" else seconds)
        while not (done := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                done = os.waitpid(child, 0)
                break
            time.sleep(0.002)
        with os.fdopen(reading, errors="replace") as stream:
            text = stream.read()
        last = text.strip().rpartition("\n")[2]
        return os.waitstatus_to_exitcode(done[1]), text, int(last) if last.isdigit() else 0

    def _child(self, said: int, event: int, fault: str) -> None:
        code = 70
        breaker = Breaker(self.folder, 0 if fault in ("moment", "limit") else event, fault)
        if fault == "remove":
            breaker = Remover(self.folder, event, self.draw)
        try:
            os.chdir(self.folder)
            os.dup2(said, 1)
            os.dup2(said, 2)
            sys.argv = ["miner", *self.scenario.arguments]
            if fault == "limit":
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                size = self.draw.choice((0, 100, 1000, 4000, 10000))
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            sys.addaudithook(breaker)
            code = called()
        finally:
            with suppress(OSError):
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
                os.write(2, f"\n{breaker.count}\n".encode())
            os._exit(code)


def called() -> int:
    from miner.cli import main

    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
        return 71
    return 0


@dataclass
class Harness:
    folder: Path
    draw: random.Random
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    whole: dict[str, tuple[dict[str, bytes], dict[str, bytes], int]] = field(default_factory=dict)

    def laid(self, scenario: Scenario) -> Path:
        """What a command begins with, made once."""
        folder = self.folder / "laid" / scenario.name
        if not folder.exists():
            scenario.prepare(fresh(folder))
        return folder

    def begun(self, scenario: Scenario, folder: Path) -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        return Path(shutil.copytree(self.laid(scenario), folder))

    def put_back(self, scenario: Scenario, folder: Path) -> None:
        """What was removed of a command's inputs."""
        for path in sorted(self.laid(scenario).rglob("*")):
            place = folder / path.relative_to(self.laid(scenario))
            if path.is_file() and not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, place)

    def undisturbed(self, scenario: Scenario) -> None:
        folder = self.begun(scenario, self.folder / "whole")
        before = scenario.snapshot(folder)
        code, said, events = Trial(scenario, folder).run()
        if code:
            raise SystemExit(f"{scenario.name} fails undisturbed: {said}")
        self.whole[scenario.name] = before, scenario.snapshot(folder), events

    def round(self, scenario: Scenario, event: int, fault: str) -> None:
        folder = self.begun(scenario, self.folder / "round")
        after = self.whole[scenario.name][1]
        trial = Trial(scenario, folder, self.draw)
        code, said, _ = trial.run(event, fault)
        counts = self.counts.setdefault(fault, Counter())
        faults = list(self.left(scenario, folder, fault, code, said))
        if fault == "remove":
            self.put_back(scenario, folder)
        again, more, _ = trial.run()
        found = scenario.snapshot(folder) if not again else {}
        wrong = [name for name in after if found.get(name) != after[name]] + [
            n for n in found if n not in after
        ]
        if again:
            faults.append(f"does not continue: {more.strip()[-300:]}")
        elif wrong:
            faults.append(f"other bytes in {wrong}")
        rows = sum(
            after[n].count(b"\n") - found.get(n, b"").count(b"\n") for n in after if n.endswith(".jsonl")
        )
        counts.update(injected=1, survived=int(not faults), lost_rows=max(rows, 0), wrong_files=len(wrong))
        self.failures += [f"{scenario.name}, {fault} at event {event}: {each}" for each in faults]

    def left(self, scenario: Scenario, folder: Path, fault: str, code: int, said: str) -> Iterator[str]:
        """What is wrong with the message and with what lies there."""
        if "Traceback" in said:
            yield f"no clean message: {said.strip()[-400:]}"
        if code not in CODES.get(fault, (0, 1, 2)):
            yield f"exit code {code}: {said.strip()[-300:]}"
        if fault != "remove":
            yield from self.lying(scenario, folder)

    def lying(self, scenario: Scenario, folder: Path) -> Iterator[str]:
        """What is wrong with the results that lie there: an index opens, a file is the old or the new one."""
        before, after, _ = self.whole[scenario.name]
        if scenario.results == ("index",):
            try:
                open_index(folder / "index")
            except IndexNotFound:
                if "index/manifest.json" in before:
                    yield "the index is gone"
            return
        found = scenario.snapshot(folder)
        if scenario.at_once and found and found.keys() != after.keys():
            yield f"only {len(found)} of {len(after)} files are there"
        for name, content in found.items():
            if not Path(name).name.startswith(".") and content not in (before.get(name), after.get(name)):
                yield f"{name} is neither the old nor the new one"
