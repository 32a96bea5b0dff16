"""Candidates between tasks: what the search of a group of shards writes, and how groups are merged.

Exact search writes int64 [queries of the wave, 2, k]: rows, and the bits of their exact scores. A search by
structures of the shards writes estimates int64 [queries of the wave, up to fetch * k], of which the best of all
groups are scored exactly. Either way groups can be cut as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import numpy as np

from miner.data import Candidates, Half, Int64
from miner.index import Index
from miner.index.shards import Shards
from miner.search.per_shard import IvfPq, PerShardIvfPq, ranked
from miner.storage import sealed
from miner.storage.place import Place
from miner.storage.sealed import Sealed
from miner.vectors.exact import Nearest, merge, search
from miner.vectors.packed import best, shifted

Write = Callable[[Half], Int64]


@dataclass(frozen=True)
class ShardGroup:
    """Some shards of an index, whose first row is `first` there; `coding` unless they are searched exactly."""

    shards: Shards
    first: int
    coding: IvfPq | None
    max_memory: int

    def seal(self, place: Place, stem: str, parts: Sequence[Half], depth: int) -> Sealed:
        """Search for queries, a part at a time, and write what is found."""
        shape, write = self._writer(depth)
        queries = sum(map(len, parts))

        def found() -> Iterator[bytes]:
            yield sealed.header(np.dtype(np.int64), (queries, *shape))
            for part in parts:
                yield write(part).tobytes()

        return place.seal_pieces(stem, ".npy", found())

    def _writer(self, depth: int) -> tuple[tuple[int, ...], Write]:
        """What is written of a part, and its shape, queries aside."""
        if self.coding is None:
            depth = min(depth, len(self.shards))
            return (2, depth), partial(self._exact, depth=depth)
        coded = PerShardIvfPq(self.shards, self.coding, self.max_memory)
        return (coded.width(depth),), lambda part: shifted(coded.estimates(part, depth), self.first)

    def _exact(self, queries: Half, depth: int) -> Int64:
        near = search(self.shards, queries, depth, self.max_memory).shifted(self.first)
        return np.stack([near.rows, near.scores.view(np.int64)], axis=1)


@dataclass(frozen=True)
class Merging:
    """The groups of one index, opened: files of one kind."""

    index: Index
    coding: IvfPq | None
    groups: Sequence[Int64]

    def candidates(self, piece: slice, queries: Half, depth: int) -> Candidates:
        """Those of a piece of the wave, whose vectors are `queries`."""
        parts = [np.array(group[piece]) for group in self.groups]
        if self.coding is not None:
            return ranked(self.index.store, queries, best(parts, self.coding.fetch * depth), depth)
        near = reduce(partial(merge, k=depth), map(_nearest, parts))
        return Candidates(near.rows, near.scores.astype(np.float32))


def open_groups(place: Place, files: Sequence[Sealed]) -> list[Any]:
    """Raises IndexCorrupt for a file that is not as it was sealed."""
    return [np.load(place.check(file), mmap_mode="r", allow_pickle=False) for file in files]


def _nearest(found: Int64) -> Nearest:
    """From rows and bits of scores [Q, 2, k]."""
    return Nearest(found[:, 0].copy(), found[:, 1].copy().view(np.float64))
