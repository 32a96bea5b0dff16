"""Feeds every reader and parser with inputs that coverage leads to (libFuzzer by atheris).

    python -m benchmarks.faults.fuzz [TARGET ...] [--seconds 60] [--seed 0]

Each target runs in a process of its own. An input may be read or refused with a MinerError that names its file;
any other exception, a crash of the process, over 20 seconds or over 3 GiB count as a crash, and the first input
of each kind is kept in the results. Writes benchmarks/results/fuzz.json; other targets' results there stay.

atheris is no extra of this project, for it comes for some Pythons and platforms only: pip install atheris.
"""

from __future__ import annotations

import argparse
import base64
import collections
import json
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results" / "fuzz.json"
MEMORY = Path("/dev/shm")
"""Where there is one, files that nobody keeps are written there: ten times as many inputs."""
LIMITS = ("-max_len=4096", "-timeout=20", "-rss_limit_mb=3072", "-print_final_stats=1", "-detect_leaks=0")
EXECUTED = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
COVERED = re.compile(r"cov: (\d+)")


class Watch:
    """Runs a target on inputs; what is neither read nor refused is written to a file, once a kind."""

    def __init__(self, target: Callable[[bytes], Iterable[object]], found: Path) -> None:
        self.target, self.found, self.kinds = target, found, set[str]()

    def __call__(self, data: bytes) -> None:
        from miner.errors import MinerError

        try:
            collections.deque(self.target(data), maxlen=0)
        except MinerError:
            return
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
            if kind not in self.kinds:
                self.kinds.add(kind)
                record = {"error": kind, "said": str(error)[:200], "input": base64.b64encode(data).decode()}
                with self.found.open("a") as stream:
                    stream.write(json.dumps(record) + "\n")


def one(make: Callable[[Path], dict[str, Any]], name: str, folder: Path, seconds: float, seed: int) -> None:
    """In the process of the target; does not return."""
    import atheris

    (folder / "at").mkdir()
    target = make(folder / "at")[name]
    watch = Watch(target.read, folder / "found")
    for data in target.seeds:
        watch(data)
    (folder / "seeds").mkdir()
    for number, data in enumerate(target.seeds):
        (folder / "seeds" / str(number)).write_bytes(data)
    options = (f"-max_total_time={seconds:.0f}", f"-seed={seed + 1}", f"-artifact_prefix={folder}/")
    atheris.Setup(
        [sys.argv[0], *LIMITS, *options, str(folder / "seeds")], Watch(target.read, folder / "found")
    )
    atheris.Fuzz()


def run(make: Callable[[Path], dict[str, Any]], name: str, seconds: float, seed: int) -> dict[str, Any]:
    """What a target's process found: a fork of this one, which has everything imported."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as scratch:
        folder = Path(scratch)
        with (folder / "said").open("wb") as said:
            child = os.fork()
            if not child:
                for stream in (1, 2):
                    os.dup2(said.fileno(), stream)
                try:
                    one(make, name, folder, seconds, seed)
                finally:
                    traceback.print_exc()
                    os._exit(1)
            os.waitpid(child, 0)
        text = (folder / "said").read_text(errors="replace")
        found = folder / "found"
        crashes = [json.loads(line) for line in found.read_text().splitlines()] if found.exists() else []
        for path in sorted((*folder.glob("crash-*"), *folder.glob("timeout-*"), *folder.glob("oom-*"))):
            content = base64.b64encode(path.read_bytes()).decode()
            crashes.append({"error": path.name.partition("-")[0], "input": content})
        executed, covered = EXECUTED.findall(text), COVERED.findall(text)
        if not executed and not crashes:
            raise SystemExit(text[-2000:])
        return {
            "seconds": seconds,
            "inputs": int(executed[-1]) if executed else 0,
            "edges": int(covered[-1]) if covered else 0,
            "crashes": crashes,
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    import atheris

    with atheris.instrument_imports(include=["miner", "markdown_it", "yaml"]):
        from tests.support.fuzz_targets import targets
    from miner.storage.files import write_json

    with tempfile.TemporaryDirectory() as scratch:
        names = list(targets(Path(scratch)))
    record = json.loads(given.output.read_text()) if given.output.exists() else {}
    for name in given.targets or names:
        record[name] = run(targets, name, given.seconds, given.seed)
        print(name, record[name], file=sys.stderr, flush=True)
        write_json(given.output, {key: record[key] for key in names if key in record})


if __name__ == "__main__":
    main()
