"""Working off an agenda with a crew: what is lost is done again, what cannot be mended is raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from miner.distributed.agenda import Agenda, Attempt
from miner.errors import IndexCorrupt, Locked, MinerError, OutputError

T = TypeVar("T")
R = TypeVar("R")
PASSING = (OutputError, IndexCorrupt, Locked)
"""Errors that a disk far away may recover from."""


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


class Crew(Protocol[T, R]):
    """Workers that attempts can be given to."""

    @property
    def room(self) -> bool:
        """Whether another attempt can begin now."""

    @property
    def busy(self) -> bool:
        """Whether any attempt is under way."""

    def begin(self, attempt: Attempt[T]) -> None: ...

    def ended(self) -> Iterator[tuple[Attempt[T], Outcome[R]]]:
        """Wait for news: attempts that ended, or nothing when only the crew changed."""

    def dismiss(self) -> None:
        """Let all workers go; what they are at is dropped."""


def work_off(crew: Crew[T, R], agenda: Agenda[T]) -> Iterator[tuple[T, R]]:
    """Each task with its receipt, in the order they are done. Raises what Executor.run raises."""
    try:
        while True:
            while crew.room and (attempt := agenda.take()):
                crew.begin(attempt)
            if crew.room and not crew.busy:
                return
            for attempt, outcome in crew.ended():
                if isinstance(outcome, Done):
                    yield attempt.task, outcome.receipt
                elif isinstance(outcome, Lost):
                    agenda.again(attempt, outcome.reason)
                else:
                    raise outcome.error
    finally:
        crew.dismiss()


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
