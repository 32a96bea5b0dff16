"""Small pieces of work for tests of executors; importable by workers in other processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from miner.errors import ConfigError, MinerError, MissingExtra, OutputError
from miner.executors import Attempt, TaskQueue
from miner.executors.executor import R, T, Work
from miner.executors.workers import Outcome, attempted, drain


class Strange(MinerError):
    """One that cannot be made again from its message, as pickle does."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _orphan() -> None:
    """Killed, with a child that holds on to all that is open."""
    if not os.fork():
        time.sleep(300)
        os._exit(0)
    _kill()


def _exit() -> None:
    print("out of luck", file=sys.stderr)
    sys.exit(3)


def _input() -> None:
    assert not sys.stdin.read()


def _raise(error: Exception) -> None:
    raise error


FAULTS: dict[str, Callable[[], object]] = {
    "none": lambda: None,
    "kill": _kill,
    "orphan": _orphan,
    "exit": _exit,
    "input": _input,
    "strange": lambda: _raise(Strange("told", "whole")),
    "mistake": lambda: _raise(ConfigError("tasks must be even")),
    "disk": lambda: _raise(OutputError("the disk is away")),
    "hang": lambda: time.sleep(300),
    "bug": lambda: _raise(ZeroDivisionError("one over none")),
}


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
        FAULTS[self.fault]()

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
