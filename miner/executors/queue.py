"""What is to be done next, what is tried again, and when to give up; the same for every executor."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from miner.errors import WorkLost
from miner.progress import count_of

TRIES = 4

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Attempt(Generic[T]):
    """A task on its way: `failures` counts how often it was lost or failed before. One of which nothing is
    heard is under way `running` times at once, the latest `since` (time.monotonic); the first to end counts.
    """

    task: T
    failures: int = 0
    running: int = 0
    since: float = 0.0
    done: bool = False


class TaskQueue(Generic[T]):
    """Tasks in the order they should begin. Those added while others run come before those that were there
    from the start, which are drawn one at a time: of a long list only what is under way is in memory.
    """

    def __init__(self, tasks: Iterable[T], tries: int = TRIES) -> None:
        self.tries, self.retried, self.doubled = tries, 0, 0
        self._later = iter(tasks)
        self._soon = deque[Attempt[T]]()

    def add(self, tasks: Iterable[T]) -> None:
        """Tasks that what is done has made possible."""
        self._soon.extend(map(Attempt, tasks))

    def take(self) -> Attempt[T] | None:
        """The next attempt, None if there is nothing to begin now."""
        while self._soon:
            attempt = self._soon.popleft()
            if not attempt.done:
                return attempt
        for task in self._later:
            return Attempt(task)
        return None

    def twice(self, attempt: Attempt[T]) -> None:
        """Begin an attempt once more although it may still end."""
        self.doubled += 1
        self._soon.appendleft(attempt)

    def again(self, attempt: Attempt[T], reason: str) -> None:
        """Put a lost attempt in front. Raises WorkLost once it was tried often enough."""
        attempt.failures += 1
        if attempt.failures >= self.tries:
            raise WorkLost(
                f"{attempt.task} failed {count_of(attempt.failures, 'time')}, at last because {reason}"
            )
        self.retried += 1
        self._soon.appendleft(attempt)
