"""Processes of this machine as an executor: all its processors, and nothing to install.

A worker is this interpreter started anew, with a socket of its own to the caller: it imports nothing of the caller's
main module, and has neither the caller's terminal nor its standard streams. Where the caller ends, it ends too.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from tempfile import TemporaryFile
from threading import Thread
from typing import Any, ClassVar, Generic, TypeVar

from miner.errors import ConfigError
from miner.executors.executor import Work
from miner.executors.queue import Attempt, TaskQueue
from miner.executors.workers import Lost, Outcome, drain
from miner.models.hardware import processors
from miner.spec import Spec

NEWS, LAST = 1.0, 5.0
"""Seconds between looks at whether something ended, and for which a process that ends is waited for."""
PROGRAM = """
import sys
from multiprocessing.connection import Connection
caller = Connection(int(sys.argv[1]))
sys.path[:] = caller.recv()
from miner.executors.process_worker import answer
answer(caller)
"""

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
        executor = ProcessExecutor(self)
        try:
            yield executor
        finally:
            executor.close()


class ProcessExecutor:
    """An executor of this machine, with the workers that it has started, or that another left idle."""

    def __init__(self, options: Processes, idle: list[Process] | None = None) -> None:
        self.options = options
        self.retried = 0
        self.idle: list[Process] = [] if idle is None else idle
        self.closed = False

    def __repr__(self) -> str:
        return repr(self.options)

    @property
    def workers(self) -> int:
        return self.options.workers or processors()

    def run(self, work: Work[T, R], queue: TaskQueue[T]) -> Generator[tuple[T, R]]:
        if self.closed:
            raise ConfigError(f"the block of {self!r} has ended; open it again")
        queue.tries = self.options.tries
        try:
            yield from drain(_Pool(_packed(work), self.workers, self.idle), queue)
        finally:
            self.retried += queue.retried

    def close(self) -> None:
        self.closed = True
        while self.idle:
            self.idle.pop().end()


@dataclass
class _Pool(Generic[T, R]):
    """Workers that stay for the next work, but for those that are let go."""

    work: bytes
    workers: int
    idle: list[Process]
    running: dict[Process, Attempt[T]] = field(default_factory=dict)
    news: SimpleQueue[tuple[Process, Outcome[Any]]] = field(default_factory=SimpleQueue)

    @property
    def room(self) -> bool:
        return len(self.running) < self.workers

    @property
    def busy(self) -> bool:
        return bool(self.running)

    def begin(self, attempt: Attempt[T]) -> None:
        task, worker = _packed(attempt.task), self._hired()
        self.running[worker] = attempt
        worker.give(self.work, task, self.news)

    def _hired(self) -> Process:
        while self.idle:
            worker = self.idle.pop()
            if worker.alive:
                return worker
            worker.end()
        return Process(max(1, processors() // self.workers))

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


def _packed(given: object) -> bytes:
    """Raises ConfigError for what holds something that only this process knows."""
    try:
        return pickle.dumps(given)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"what the workers need cannot be sent to other processes ({error}); leave out the executor"
        ) from None


class Process:
    """A worker process with one task at a time."""

    def __init__(self, threads: int) -> None:
        from multiprocessing.connection import Pipe

        self.caller, theirs = Pipe()
        self.said = TemporaryFile()  # noqa: SIM115 - it goes with the worker
        self.work: bytes | None = None
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", PROGRAM, str(theirs.fileno())],
                env={**os.environ, "OMP_NUM_THREADS": str(threads)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.said,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        with suppress(OSError):
            self.caller.send([str(path) for path in sys.path if isinstance(path, str | os.PathLike)])

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def give(self, work: bytes, task: bytes, news: SimpleQueue[tuple[Process, Outcome[Any]]]) -> None:
        """Have it done beside what the caller does; its outcome becomes news. The work travels once."""
        message, self.work = (None if self.work is work else work, task), work
        Thread(target=lambda: news.put((self, self._asked(message))), daemon=True).start()

    def _asked(self, message: tuple[bytes | None, bytes]) -> Outcome[Any]:
        """A process that others hold on to, as its children may, is not waited for by its socket alone."""
        try:
            self.caller.send(message)
            while not self.caller.poll(NEWS):
                if not self.alive and not self.caller.poll():
                    raise EOFError
            outcome: Outcome[Any] = self.caller.recv()
            return outcome
        except (OSError, EOFError):
            return Lost(f"its worker ended ({self._how()})", alive=False)
        except Exception as error:
            return Lost(f"its answer cannot be read ({type(error).__name__}: {error})", alive=False)

    def _how(self) -> str:
        """In which way the process ended, and the last that it said."""
        try:
            code = self.process.wait(LAST)
        except subprocess.TimeoutExpired:
            return "it answers no more"
        self.said.seek(0)
        last = self.said.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        return (f"signal {-code}" if code < 0 else f"exit code {code}") + (f": {last}" if last else "")

    def end(self) -> None:
        """Kill it and what it has started. The thread that waits for its answer sees that it is gone."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
