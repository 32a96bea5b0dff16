"""Who does the work: this process, one task after another, or workers beside it or elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from miner.errors import ConfigError
from miner.executors.queue import TaskQueue
from miner.spec import Spec

T = TypeVar("T")
R = TypeVar("R")
T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


class Work(Protocol[T_contra, R_co]):
    """What is done with a task. Small and picklable: it travels to workers; what it needs is on shared disk.

    A task done twice, or by two workers at once, must leave the same files and return the same receipt.
    """

    @property
    def key(self) -> str:
        """Names all that decides a receipt besides the task."""

    @property
    def warm(self) -> bool:
        """Whether starting costs so much (a model) that a worker should be kept for nothing else."""

    def start(self) -> Callable[[T_contra], R_co]:
        """Load what all tasks need; called once in each worker."""


class Executor(Protocol):
    """Runs tasks. Receipts are a few bytes, the results lie in files."""

    @property
    def workers(self) -> int:
        """Into how many parts work is best divided."""

    def run(self, work: Work[T, R], queue: TaskQueue[T]) -> Iterator[tuple[T, R]]:
        """Each task with its receipt, in the order they are done; the caller may add tasks meanwhile.

        Raises WorkLost for a task that fails again and again, and at once any MinerError that trying again
        would not mend.
        """


@dataclass(frozen=True, repr=False)
class Serial(Spec):
    """One task after another, in this process."""

    name: ClassVar[str] = "serial"
    workers: ClassVar[int] = 1

    def run(self, work: Work[T, R], queue: TaskQueue[T]) -> Iterator[tuple[T, R]]:
        do = work.start()
        while attempt := queue.take():
            yield attempt.task, do(attempt.task)

    def open(self) -> AbstractContextManager[Executor]:
        return nullcontext(self)


def opened(executor: object) -> Executor:
    """The executor, this process if it is None. Raises ConfigError for what is none, or is not open."""
    if executor is None:
        return Serial()
    if isinstance(executor, type) or not hasattr(executor, "run"):
        raise ConfigError(
            f"the executor is {executor!r}; expected one that is open, as with miner.Processes().open() as executor"
        )
    found: Executor = executor  # type: ignore[assignment]
    return found
