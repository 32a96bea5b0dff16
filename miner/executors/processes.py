"""Processes of this machine as an executor: all its processors, and nothing to install.

A worker is this interpreter started anew. It is told what to do over its standard input and answers over its standard
output, so that it imports nothing of the caller's main module; where its input ends, as when the caller was killed,
it ends too.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, ClassVar, Generic, TypeVar

from miner.encoders.batches import cores
from miner.errors import ConfigError
from miner.executors.executor import Work
from miner.executors.queue import Attempt, TaskQueue
from miner.executors.workers import Lost, Outcome, drain
from miner.spec import Spec

NEWS = 1.0
"""Seconds between looks at whether something ended."""
PROGRAM = "import sys; sys.path[:] = {path!r}; from miner.executors.process_worker import answer; answer()"

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, repr=False)
class Processes(Spec):
    """Processes of this machine: so many `workers`, by default one a processor; a task is tried `tries` times.

    The processors are shared out among them; each holds what its tasks need, a model say, by itself.
    """

    name: ClassVar[str] = "processes"
    workers: int | None = None
    tries: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.workers is not None and self.workers < 1) or self.tries < 1:
            raise ConfigError(f"{self!r} has no workers or no tries; expected 1 or more")

    @contextmanager
    def open(self) -> Iterator[ProcessExecutor]:
        """Workers are started as there is work for them, and end where the block ends."""
        executor = ProcessExecutor(self.workers or cores(), self.tries)
        try:
            yield executor
        finally:
            executor.close()


@dataclass
class ProcessExecutor:
    """An executor of this machine, with the workers that it has started."""

    workers: int
    tries: int = Processes.tries
    retried: int = 0
    idle: list[_Process] = field(default_factory=list)

    def run(self, work: Work[T, R], queue: TaskQueue[T]) -> Iterator[tuple[T, R]]:
        queue.tries = self.tries
        try:
            yield from drain(_Pool(work, self.workers, self.idle), queue)
        finally:
            self.retried += queue.retried

    def close(self) -> None:
        while self.idle:
            self.idle.pop().end()


@dataclass
class _Pool(Generic[T, R]):
    """Workers that stay for the next work, but for those that are let go."""

    work: Work[T, R]
    workers: int
    idle: list[_Process]
    running: dict[_Process, Attempt[T]] = field(default_factory=dict)
    news: SimpleQueue[tuple[_Process, Outcome[Any]]] = field(default_factory=SimpleQueue)

    @property
    def room(self) -> bool:
        return len(self.running) < self.workers

    @property
    def busy(self) -> bool:
        return bool(self.running)

    def begin(self, attempt: Attempt[T]) -> None:
        worker = self.idle.pop() if self.idle else _Process(max(1, cores() // self.workers))
        self.running[worker] = attempt
        worker.give(_packed(self.work, attempt.task), self.news)

    def ended(self) -> Iterator[tuple[Attempt[T], Outcome[R]]]:
        with suppress(Empty):
            worker, outcome = self.news.get(timeout=NEWS)
            if isinstance(outcome, Lost) and not outcome.alive:
                worker.end()
            else:
                self.idle.append(worker)
            yield self.running.pop(worker), outcome

    def late(self, seconds: float) -> list[Attempt[T]]:
        """None: of a process of one's own one hears that it ended."""
        return []

    def dismiss(self) -> None:
        for worker in self.running:
            worker.end()
        self.running.clear()


def _packed(work: Work[Any, Any], task: Any) -> bytes:
    """Raises ConfigError for what holds something that only this process knows."""
    try:
        return pickle.dumps((work, task))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"what the workers need cannot be sent to other processes ({error}); leave out the executor"
        ) from None


class _Process:
    """A worker process with one task at a time."""

    def __init__(self, threads: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(path=sys.path)],
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def give(self, packed: bytes, news: SimpleQueue[tuple[_Process, Outcome[Any]]]) -> None:
        """Have it done beside what the caller does; its outcome becomes news."""
        Thread(target=lambda: news.put((self, self._asked(packed))), daemon=True).start()

    def _asked(self, packed: bytes) -> Outcome[Any]:
        assert self.process.stdin
        assert self.process.stdout
        try:
            pickle.dump(packed, self.process.stdin)
            self.process.stdin.flush()
            outcome: Outcome[Any] = pickle.load(self.process.stdout)  # noqa: S301 - our own process wrote it
            return outcome
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):
            return Lost(f"its worker ended ({_how(self.process)})", alive=False)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if stream:
                    stream.close()


def _how(process: subprocess.Popen[bytes]) -> str:
    """In which way a process ended that does not answer any more."""
    process.kill()
    code = process.wait()
    return f"signal {-code}" if code < 0 else f"exit code {code}"
