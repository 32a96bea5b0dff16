"""What it costs to schedule: the real agenda, crew loop and plan, with stubs in place of work and of Ray.

    python -m benchmarks.speed.simulate_scale [--workers 64] [--loss 0.02]

Encodes S shards and mines B blocks of queries over the same shards in one group a worker, of which a tenth of the
blocks is searched a second, deeper time. Attempts end in an order drawn by chance and some are lost. Measured are
the driver's own time and memory, attempts, and bytes of tasks and receipts as they are sent. Writes
benchmarks/results/simulate_scale.json.
"""

from __future__ import annotations

import argparse
import hashlib
import pickle
import random
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from miner.executors import Attempt, TaskQueue
from miner.executors.workers import Done, Lost, Outcome, drain
from miner.index.encode import Encoded
from miner.index.ingest import UnencodedShard
from miner.mining_tasks.plan import WavePlan, groups
from miner.mining_tasks.tasks import Judged, JudgeTask, SearchTask
from miner.storage.files import write_json
from miner.storage.place import Place
from miner.storage.sealed import Sealed

RESULTS = Path(__file__).parents[1] / "results" / "simulate_scale.json"
SIZES = ((125, 12), (250, 25), (500, 50), (1000, 100), (2000, 200))
DEEPER = 0.1


def sealed(stem: str) -> Sealed:
    digest = hashlib.sha256(stem.encode()).hexdigest()
    return Sealed(f"{stem}-{digest[:16]}.npy", 6_553_600, digest)


@dataclass
class StubCrew:
    """Workers that need no time: attempts end in any order, a share of them lost."""

    workers: int
    loss: float
    draw: random.Random
    running: list[Attempt[Any]] = field(default_factory=list)
    attempts: int = 0
    sent: int = 0
    returned: int = 0

    @property
    def room(self) -> bool:
        return len(self.running) < self.workers

    @property
    def busy(self) -> bool:
        return bool(self.running)

    def begin(self, attempt: Attempt[Any]) -> None:
        self.attempts += 1
        self.sent += len(pickle.dumps(attempt.task))
        self.running.append(attempt)

    def ended(self) -> Iterator[tuple[Attempt[Any], Outcome[Any]]]:
        place = self.draw.randrange(len(self.running))
        self.running[place], self.running[-1] = self.running[-1], self.running[place]
        attempt = self.running.pop()
        if self.draw.random() < self.loss:
            yield attempt, Lost("its worker was lost")
            return
        receipt = self.receipt(attempt.task)
        self.returned += len(pickle.dumps(receipt))
        yield attempt, Done(receipt)

    def receipt(self, task: Any) -> Any:
        if isinstance(task, UnencodedShard):
            return Encoded(sealed(f"vectors/{task.number:05d}"), task.rows, 100 * task.rows)
        if isinstance(task, SearchTask):
            return sealed(task.stem)
        left = 40 if task.level.wave == 0 and self.draw.random() < DEEPER else 0
        return Judged(sealed(task.stem), left)

    def late(self, seconds: float) -> list[Attempt[Any]]:
        return []

    def dismiss(self) -> None:
        self.running.clear()


def encode(shards: int, crew: StubCrew) -> int:
    parts = (
        UnencodedShard(
            number,
            16384,
            16384,
            *(sealed(f"{kind}/{number:05d}") for kind in ("passages", "aliases", "keys")),
        )
        for number in range(shards)
    )
    return sum(1 for _ in drain(crew, TaskQueue(parts, tries=10)))


def search(shards: int, blocks: int, crew: StubCrew) -> int:
    with tempfile.TemporaryDirectory() as folder:
        plan = WavePlan(Place(Path(folder)), [groups(shards, crew.workers)])
        asked = [(sealed(f"asked/{i:05d}"), sealed(f"prepared/{i:05d}")) for i in range(blocks)]
        agenda: TaskQueue[SearchTask | JudgeTask] = TaskQueue(plan.tasks(asked), tries=10)
        done = 0
        for task, receipt in drain(crew, agenda):
            agenda.add(plan.follow(task, receipt))
            done += 1
        if len(plan.done) != blocks or plan.searched:
            raise SystemExit("blocks were left over")
    return done


def measured(job: Any, crew: StubCrew) -> dict[str, float]:
    """Once for time, once for memory: the tracer slows."""
    start = time.process_time()
    tasks = job(crew)
    seconds = time.process_time() - start
    again = StubCrew(crew.workers, crew.loss, random.Random(0))
    tracemalloc.start()
    job(again)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        "tasks": tasks,
        "attempts": crew.attempts,
        "driver_ms_per_task": round(1e3 * seconds / tasks, 4),
        "bytes_sent_per_task": round(crew.sent / tasks),
        "bytes_returned_per_task": round(crew.returned / tasks),
        "driver_peak_kib": round(peak / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--loss", type=float, default=0.02)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    rows = []
    for shards, blocks in SIZES:
        crews = [StubCrew(given.workers, given.loss, random.Random(0)) for _ in range(2)]
        rows.append({
            "shards": shards,
            "blocks": blocks,
            "encode": measured(lambda crew, s=shards: encode(s, crew), crews[0]),
            "search": measured(lambda crew, s=shards, b=blocks: search(s, b, crew), crews[1]),
        })  # fmt: skip
        print(rows[-1], flush=True)
    write_json(given.output, {"workers": given.workers, "loss": given.loss, "runs": rows})


if __name__ == "__main__":
    main()
