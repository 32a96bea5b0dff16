"""Kills actors, workers, nodes and the driver of a Ray cluster and cuts its links while it encodes and searches.

    python -m benchmarks.faults.faults_ray [--rounds 24] [--seed 0]

Three nodes in network namespaces (benchmarks/lib/ray_nodes.py), a disk they share. Each round runs one job, breaks
one thing at a moment drawn by chance, and compares the result with that of the serial executor. Tasks are slowed
by a pause, so that faults hit them; every begin and end is a line in a log. Writes benchmarks/results/faults_ray.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.lib.ray_nodes import KEEP_ALIVE, Nodes
from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from miner.executors import Ray, TaskQueue
from miner.executors.executor import R, T, Work
from miner.executors.ray import RayExecutor
from miner.index import build_index, open_index
from miner.mining.recipe import Recipe
from miner.mining_tasks import run as blocks
from miner.mining_tasks.mine import mine
from miner.mining_tasks.run import mine_files
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "faults_ray.json"
PASSAGES, SHARD, QUERIES, BLOCK = 4000, 100, 320, 20
PAUSE = 0.25
FAULTS = ("worker", "node", "link", "driver")
JOBS = {"encode": "built", "search": "mined"}
KINDS = [f"{job}:{fault}" for job in JOBS for fault in FAULTS]


@dataclass(frozen=True)
class Slowed:
    """Another work with a pause in each task, and a log: time, B or E, process, address, task, made or found."""

    inner: Any
    log: Path

    @property
    def key(self) -> str:
        return f"slowed {self.inner.key}"

    @property
    def warm(self) -> bool:
        return bool(self.inner.warm)

    def start(self) -> Callable[[Any], Any]:
        do = self.inner.start()

        def slow(task: Any) -> Any:
            self.note("B", task)
            time.sleep(PAUSE)
            before = time.time()
            receipt = do(task)
            self.note("E", task, "made" if self.changed(receipt) >= before - 0.05 else "found")
            return receipt

        return slow

    def changed(self, receipt: Any) -> float:
        file = getattr(receipt, "vectors", None) or getattr(receipt, "file", None)
        name = file if isinstance(file, str) else getattr(file, "file", None) or receipt.file
        place = self.inner.place if hasattr(self.inner, "place") else self.inner.run.place
        return float((place.folder / name).stat().st_mtime)

    def note(self, what: str, task: Any, more: str = "") -> None:
        import ray

        line = [time.time(), what, os.getpid(), ray.util.get_node_ip_address(), str(task), more]
        with self.log.open("a") as stream:
            stream.write(json.dumps(line) + "\n")


class Slow(RayExecutor):
    """An executor of slowed work."""

    log = Path()

    def run(self, work: Work[T, R], agenda: TaskQueue[T]) -> Iterator[tuple[T, R]]:
        yield from super().run(Slowed(work, self.log), agenda)


def passages() -> list[Passage]:
    return [Passage(f"p{i}", f"passage {i} of page {i % 7} tells of {i * i} things") for i in range(PASSAGES)]


def queries() -> list[Query]:
    return [Query(f"what tells of {i * i} things", relevant_ids=(f"p{i}",)) for i in range(QUERIES)]


def drive(job: str, folder: Path, address: str, log: Path) -> None:
    """The driver: a process of its own on the head."""
    blocks.LEAST = BLOCK
    with Ray(address=address, tries=6).open() as opened:
        executor = Slow(opened.options)
        executor.log = log
        if job == "encode":
            build_index(passages(), folder / "built", HashingEncoder(), shard_size=SHARD, executor=executor)
        else:
            index = open_index(folder.parent / "serial" / "built")
            mine_files(queries(), [index], Recipe(), folder / "mined" / "out.jsonl", executor)
    print(json.dumps({"retried": executor.retried}), flush=True)


def content(folder: Path) -> dict[str, bytes]:
    left_out = (".building", ".reading", "out.run.json")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in left_out and "cache" not in path.parts
    }


def serial(folder: Path) -> None:
    index = build_index(passages(), folder / "built", HashingEncoder(), shard_size=SHARD)
    mine(queries(), index).write(folder / "mined" / "out.jsonl")


def lines(log: Path) -> list[list[Any]]:
    text = log.read_text() if log.exists() else ""
    return [json.loads(line) for line in text.splitlines() if line.endswith("]")]


@dataclass
class Round:
    """One job with one fault."""

    nodes: Nodes
    folder: Path
    job: str
    fault: str
    draw: random.Random

    def play(self) -> dict[str, Any]:
        self.folder.mkdir()
        self.log = self.folder / "log"
        driver, start = self.driver(), time.monotonic()
        moment = self.draw.randint(4, 40)
        self.until(lambda: len(lines(self.log)) >= moment and self.under_way() != [], driver)
        under_way, node = self.strike(driver)
        if self.fault == "driver":
            driver = self.driver()
        out, error = driver.communicate(timeout=300)
        seconds = round(time.monotonic() - start, 1)
        if node:
            self.nodes.again(node)
        name = JOBS[self.job]
        same = not driver.returncode and content(self.folder / name) == content(
            self.folder.parent / "serial" / name
        )
        if not same:
            print(out[-3000:], error[-3000:], file=sys.stderr)
        return {
            "job": self.job,
            "fault": self.fault,
            "keep_alive_seconds": KEEP_ALIVE,
            "same_bytes": same,
            "struck_after_lines": moment,
            "under_way_when_struck": under_way,
            "seconds": seconds,
            **self.counted(out),
        }

    def driver(self) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "benchmarks.faults.faults_ray", "--drive", self.job, str(self.folder)]
        command = self.nodes.command(*words, self.nodes.address, str(self.log))
        return subprocess.Popen(
            command, env=self.nodes.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def until(self, true: Callable[[], bool], driver: subprocess.Popen[str]) -> None:
        end = time.monotonic() + 120
        while not true():
            if driver.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"the job ended too early: {driver.communicate()}")
            time.sleep(0.02)

    def under_way(self) -> list[list[Any]]:
        """The begins without an end."""
        found = lines(self.log)
        ended = {(line[2], line[4]) for line in found if line[1] == "E"}
        return [line for line in found if line[1] == "B" and (line[2], line[4]) not in ended]

    def strike(self, driver: subprocess.Popen[str]) -> tuple[int, int]:
        """How many tasks were under way where it struck, and the node to be put right afterwards."""
        victim = self.draw.choice(self.under_way())
        node = int(victim[3].rpartition(".")[2]) - 1
        on_node = sum(line[3] == victim[3] for line in self.under_way())
        if self.fault == "worker":
            os.kill(victim[2], signal.SIGKILL)
            return 1, 0
        if self.fault == "driver":
            running = len(self.under_way())
            driver.kill()
            driver.communicate()
            return running, 0
        if self.fault == "node":
            self.nodes.kill(node)
        else:
            self.nodes.link(node, "down")
        return on_node, node

    def counted(self, out: str) -> dict[str, int]:
        """Tasks; attempts that the driver took for lost; tasks whose work was done more than once."""
        found = lines(self.log)
        made = Counter(line[4] for line in found if line[1] == "E" and line[5] == "made")
        said = json.loads(out.strip().splitlines()[-1]) if out.strip() else {"retried": -1}
        return {
            "tasks": len({line[4] for line in found}),
            "lost_and_redone": said["retried"],
            "done_twice": sum(made.values()) - len(made),
        }


def main() -> None:
    if "--drive" in sys.argv:
        job, place, address, log = sys.argv[sys.argv.index("--drive") + 1 :]
        return drive(job, Path(place), address, Path(log))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    draw, rounds = random.Random(given.seed), list[dict[str, Any]]()
    with tempfile.TemporaryDirectory(prefix="mr") as name:
        folder = Path(name)
        serial(folder / "serial")
        with Nodes(folder) as nodes:
            for number in range(given.rounds):
                job, _, fault = given.kinds[number % len(given.kinds)].partition(":")
                rounds.append(Round(nodes, folder / f"round{number}", job, fault, draw).play())
                print(rounds[-1], file=sys.stderr, flush=True)
                write_json(given.output, {"nodes": nodes.count, "rounds": rounds})
    if not all(each["same_bytes"] for each in rounds):
        raise SystemExit("a round gave other bytes")


if __name__ == "__main__":
    main()
