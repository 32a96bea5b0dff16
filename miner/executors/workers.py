"""Working off an queue with a pool: what is lost is done again, what cannot be mended is raised."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from miner.errors import IndexCorrupt, Locked, MinerError, OutputError, StoreFailed
from miner.executors.queue import Attempt, TaskQueue

T = TypeVar("T")
R = TypeVar("R")
LATE, SLOWER, FIRST = 60.0, 5.0, 900.0
"""A task is begun a second time after this many seconds and so many times the longest before; the first
tasks after the last number of seconds.
"""
PASSING = (OutputError, StoreFailed, IndexCorrupt, Locked)
"""Errors that a disk or a store far away may recover from."""


@dataclass(frozen=True, slots=True)
class Done(Generic[R]):
    """The attempt succeeded."""

    receipt: R


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker or its result is gone, or something failed that may work the next time."""

    reason: str
    alive: bool = True
    """Whether the worker can be given something else."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt ended with an error that would come again."""

    error: MinerError


Outcome = Done[R] | Lost | Failed


class WorkerPool(Protocol[T, R]):
    """Workers that attempts can be given to."""

    @property
    def room(self) -> bool:
        """Whether another attempt can begin now."""

    @property
    def busy(self) -> bool:
        """Whether any attempt is under way that is not done elsewhere."""

    def begin(self, attempt: Attempt[T]) -> None: ...

    def ended(self) -> Iterator[tuple[Attempt[T], Outcome[R]]]:
        """Wait for news: attempts that ended, or nothing when only the pool changed."""

    def late(self, seconds: float) -> list[Attempt[T]]:
        """Attempts of which nothing was heard for so long, each told once. They take no room any more."""

    def dismiss(self) -> None:
        """Let all workers go; what they are at is dropped."""


def drain(pool: WorkerPool[T, R], queue: TaskQueue[T]) -> Iterator[tuple[T, R]]:
    """Each task with its receipt, in the order they are done. Raises what Executor.run raises.

    A task that takes several times as long as any before is begun a second time: a cluster does not always
    say that a worker cannot be reached.
    """
    longest = 0.0
    try:
        while True:
            _begin(pool, queue)
            if pool.room and not pool.busy:
                return
            for attempt, outcome in pool.ended():
                if _counts(attempt, outcome, queue) and isinstance(outcome, Done):
                    longest = max(longest, time.monotonic() - attempt.since)
                    yield attempt.task, outcome.receipt
            for attempt in pool.late(max(LATE, SLOWER * longest) if longest else FIRST):
                queue.twice(attempt)
    finally:
        pool.dismiss()


def _begin(pool: WorkerPool[T, R], queue: TaskQueue[T]) -> None:
    while pool.room and (attempt := queue.take()):
        attempt.running += 1
        attempt.since = time.monotonic()
        pool.begin(attempt)


def _counts(attempt: Attempt[T], outcome: Outcome[R], queue: TaskQueue[T]) -> bool:
    """Whether this outcome is its task's first good one; what was lost is put on the queue again."""
    attempt.running -= 1
    if attempt.done:
        return False
    if isinstance(outcome, Failed):
        raise outcome.error
    if isinstance(outcome, Done):
        attempt.done = True
    elif not attempt.running:
        queue.again(attempt, outcome.reason)
    return attempt.done


def attempted(do: Callable[[T], R], task: T) -> Outcome[R]:
    """Do a task where the worker is: errors come back as values."""
    try:
        return Done(do(task))
    except PASSING as error:
        return Lost(str(error))
    except MinerError as error:
        return Failed(error)
    except Exception as error:
        return Lost(f"{type(error).__name__}: {error}")
