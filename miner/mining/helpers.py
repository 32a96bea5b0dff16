"""The machine's other processors: they compare candidates ahead of the process that goes through a run's queries."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from threading import Condition, Thread
from typing import ClassVar

from miner.data import Candidates
from miner.executors.processes import Process, Processes, ProcessExecutor
from miner.executors.queue import TaskQueue
from miner.mining.block import Block
from miner.mining.pool import Evidence, PoolBuilder
from miner.models.hardware import cores

EACH = 50_000
"""Candidates for which another process is begun: comparing them takes some times as long as beginning it."""

Asked = Sequence[tuple[Block, Candidates]]
Elsewhere = Callable[[int], Evidence | None]


@dataclass(frozen=True, slots=True)
class Part:
    """Queries whose candidates are to be compared; `number` says where they stand."""

    number: int
    block: Block
    candidates: Candidates


@dataclass(frozen=True)
class Comparing:
    """Work on a Part."""

    builder: PoolBuilder
    warm: ClassVar[bool] = False

    @property
    def key(self) -> str:
        indexes = [index.manifest.sha256 for index in self.builder.indexes]
        return f"comparing {indexes} {self.builder.emit} {self.builder.copies} {self.builder.risk}"

    def start(self) -> Callable[[Part], Evidence]:
        for index in self.builder.indexes:
            index.caching = False
        return lambda part: self.builder.evidence(part.block, part.candidates)


class Helpers:
    """Processes of this machine, begun where there is much to compare and kept for what comes next."""

    def __init__(self) -> None:
        self.idle: list[Process] = []
        self.closed = False

    def executor(self, workers: int) -> ProcessExecutor:
        return ProcessExecutor(Processes(workers=workers, tries=1), self.idle)

    def close(self) -> None:
        """End them; those at work are ended when they are heard of."""
        self.closed = True
        with suppress(IndexError):
            while True:
                self.idle.pop().end()


@contextmanager
def helped() -> Iterator[Helpers]:
    """Helpers for the length of the block."""
    helpers = Helpers()
    try:
        yield helpers
    finally:
        helpers.close()


@contextmanager
def shared_out(asked: Asked, builder: PoolBuilder, helpers: Helpers | None) -> Iterator[Elsewhere]:
    """What gives the evidence of a part if others have begun on it; None if it is the caller's to work out."""
    if helpers is None:
        yield lambda number: None
        return
    share = _Share(asked, Comparing(replace(builder)), helpers)
    try:
        yield share.elsewhere
    finally:
        share.end()


class _Share:
    """Parts between this process, which takes them from the front, and its helpers, who take them from the back."""

    def __init__(self, asked: Asked, work: Comparing, helpers: Helpers) -> None:
        self.asked, self.work, self.helpers = asked, work, helpers
        self.left: deque[int] | None = None
        self.done = dict[int, Evidence]()
        self.over = False
        self.news = Condition()

    def elsewhere(self, number: int) -> Evidence | None:
        with self.news:
            if self.left is None:
                self.left = deque(range(number, len(self.asked)))
                self._begin(sum(candidates.rows.size for _, candidates in self.asked[number:]))
            if number in self.left:
                self.left.remove(number)
                return None
            self.news.wait_for(lambda: number in self.done or self.over)
            return self.done.pop(number, None)

    def end(self) -> None:
        """Nothing more is begun."""
        with self.news:
            self.left = deque()

    def _begin(self, candidates: int) -> None:
        if workers := min(cores() - 1, candidates // EACH):
            Thread(target=self._help, args=[self.helpers.executor(workers)], daemon=True).start()

    def _help(self, executor: ProcessExecutor) -> None:
        """Whatever goes wrong, the caller works out what is not there."""
        with suppress(Exception), closing(executor.run(self.work, TaskQueue(self._taken()))) as found:
            for part, evidence in found:
                with self.news:
                    self.done[part.number] = evidence
                    self.news.notify_all()
                if self.helpers.closed:
                    break
        if self.helpers.closed:
            self.helpers.close()
        with self.news:
            self.over = True
            self.news.notify_all()

    def _taken(self) -> Iterator[Part]:
        while True:
            with self.news:
                if not self.left:
                    return
                number = self.left.pop()
            yield Part(number, *self.asked[number])
