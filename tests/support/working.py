"""Small pieces of work for tests of executors; importable by workers in other processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from miner.errors import ConfigError, MissingExtra, OutputError
from miner.executors import Attempt, TaskQueue
from miner.executors.executor import R, T, Work
from miner.executors.workers import Outcome, attempted, drain


@dataclass(frozen=True)
class Marking:
    """Leaves a file for every try of a task. On the task `at` it fails in some way, `times` times."""

    folder: Path
    warm: bool
    fault: str = "none"
    at: int = 3
    times: int = 1

    @property
    def key(self) -> str:
        return f"marking {self}"

    def start(self) -> Callable[[int], int]:
        if self.fault == "start":
            raise MissingExtra("marking", "marks")
        return self.mark

    def mark(self, task: int) -> int:
        tried = len(list(self.folder.glob(f"{task}-*")))
        (self.folder / f"{task}-{tried}").touch()
        if task == self.at and tried < self.times:
            self.fail()
        return task * task

    def fail(self) -> None:
        if self.fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "mistake":
            raise ConfigError("tasks must be even")
        if self.fault == "disk":
            raise OutputError("the disk is away")
        if self.fault == "hang":
            time.sleep(300)
        if self.fault == "bug":
            raise ZeroDivisionError("one over none")

    def tries(self) -> dict[int, int]:
        """How often each task was begun."""
        names = [int(path.name.partition("-")[0]) for path in self.folder.iterdir()]
        return {task: names.count(task) for task in sorted(set(names))}


@dataclass
class Stub:
    """An executor that forgets every `lossy`-th attempt after doing it, and says how much was under way."""

    workers: int = 3
    lossy: int = 0
    stop_after: int = 10**9
    begun: int = 0
    most: int = 0
    done: list[str] = field(default_factory=list)

    def run(self, work: Work[T, R], agenda: TaskQueue[T]) -> Iterator[tuple[T, R]]:
        return drain(_StubCrew(self, work.start()), agenda)


class _StubCrew:
    def __init__(self, stub: Stub, do: Callable[[Any], Any]) -> None:
        self.stub, self.do, self.running = stub, do, list[Attempt[Any]]()

    @property
    def room(self) -> bool:
        return len(self.running) < self.stub.workers

    @property
    def busy(self) -> bool:
        return bool(self.running)

    def begin(self, attempt: Attempt[Any]) -> None:
        self.running.append(attempt)
        self.stub.most = max(self.stub.most, len(self.running))

    def ended(self) -> Iterator[tuple[Attempt[Any], Outcome[Any]]]:
        """The latest begun ends first, so that nothing comes in order."""
        from miner.executors.workers import Lost

        attempt = self.running.pop()
        self.stub.begun += 1
        if self.stub.begun > self.stub.stop_after:
            raise KeyboardInterrupt
        outcome = attempted(self.do, attempt.task)
        self.stub.done.append(str(attempt.task))
        lost = self.stub.lossy and self.stub.begun % self.stub.lossy == 0
        yield attempt, Lost("the stub lost it") if lost else outcome

    def late(self, seconds: float) -> list[Attempt[Any]]:
        return []

    def dismiss(self) -> None:
        self.running.clear()
