"""Which task follows which: search every group of shards for a block, then judge, then deeper if need be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from miner.mining_tasks.tasks import Judged, JudgeTask, Level, SearchTask, judged_stem
from miner.mining_tasks.work import judged
from miner.storage.place import Place
from miner.storage.sealed import Sealed

Groups = Sequence[tuple[int, int]]
"""Ranges of shards, start and stop."""


def groups(shards: int, workers: int) -> Groups:
    """The shards of an index in contiguous groups of about one size, at most one a worker."""
    edges = np.linspace(0, shards, min(workers, shards) + 1).astype(int).tolist()
    return list(pairwise(edges))


@dataclass
class WavePlan:
    """The state of a mining run: which groups were searched for the blocks that are under way, which blocks
    are done. Of blocks that were not begun nothing is held but where their files are.
    """

    place: Place
    groups: Sequence[Groups]
    """For each index."""
    searched: defaultdict[int, dict[tuple[int, int], Sealed]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """For each block under way the candidates by index and first shard."""
    done: dict[int, Sealed] = field(default_factory=dict)
    """For each finished block what JudgeTask made."""

    def tasks(self, blocks: Sequence[tuple[Sealed, Sealed]]) -> Iterator[SearchTask | JudgeTask]:
        """The first searches of each block of queries, asked and prepared; drawn as they are begun."""
        for number, (queries, prepared) in enumerate(blocks):
            yield from self._enter(Level(number, 0, queries, prepared))

    def follow(self, task: SearchTask | JudgeTask, receipt: Sealed | Judged) -> list[SearchTask | JudgeTask]:
        """The tasks that a finished one makes possible."""
        if isinstance(receipt, Judged):
            return list(self._after(task.level, receipt))
        assert isinstance(task, SearchTask)
        found = self.searched[task.level.number]
        found[task.index, task.start] = receipt
        if len(found) < sum(map(len, self.groups)):
            return []
        del self.searched[task.level.number]
        by_index = (
            tuple(found[index, start] for start, _ in groups) for index, groups in enumerate(self.groups)
        )
        return [JudgeTask(task.level, tuple(by_index))]

    def _enter(self, level: Level) -> Iterator[SearchTask | JudgeTask]:
        """The searches of a wave, unless an earlier run has judged it."""
        if before := self.place.whole(judged_stem(level.number, level.wave), ".npz"):
            yield from self._after(level, judged(self.place, before))
            return
        for index, groups in enumerate(self.groups):
            for start, stop in groups:
                yield SearchTask(level, index, start, stop)

    def _after(self, level: Level, receipt: Judged) -> Iterator[SearchTask | JudgeTask]:
        if receipt.left:
            yield from self._enter(replace(level, wave=level.wave + 1, left=receipt.file))
        else:
            self.done[level.number] = receipt.file
