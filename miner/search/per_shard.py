"""Shards searched approximately, each by a structure of its own: groups of shards can be merged as they like."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from miner.data import Candidates, Half, Int64
from miner.errors import ConfigError
from miner.index import Index
from miner.index.manifest import Shard
from miner.index.shards import Shards
from miner.progress import Clock
from miner.search.ivfpq import LEAST, Structure, built, open_structure, stem_of
from miner.spec import Spec
from miner.vectors.exact import Vectors, nearest_of, search
from miner.vectors.packed import best, estimates, rows_of, shifted
from miner.vectors.threads import faiss_on_one_thread, single_threaded_blas

OPEN = 64
ROOM = 8
"""Numbers of eight bytes held at once for each dimension, cell and candidate of a query."""


@dataclass(frozen=True, repr=False)
class IvfPq(Spec):
    """Look into `nprobe` cells of each shard, where a vector is `code` bytes, by default one for eight
    dimensions, and score exactly `fetch` times as many candidates as are wanted.

    Raises ConfigError for numbers below 1.
    """

    name: ClassVar[str] = "ivfpq"
    exact: ClassVar[bool] = False
    nprobe: int = 64
    fetch: int = 4
    code: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.nprobe, self.fetch, self.code or 1) < 1 or self.code == 0:
            raise ConfigError(f"{self!r} has a number below 1; expected 1 or more")

    def bytes_of(self, dim: int) -> int:
        """Bytes of a code. Raises ConfigError if the dimensions cannot be divided among them."""
        if self.code is None:
            return next(code for code in range(max(1, dim // 8), 0, -1) if dim % code == 0)
        if dim % self.code:
            raise ConfigError(f"the {dim} dimensions of the index cannot be divided among {self.code} bytes")
        return self.code

    def over(self, index: Index, max_memory: int, clock: Clock | None = None) -> EstimatedSearcher:
        coded = PerShardIvfPq(index.store, self, max_memory)
        if clock and coded.large:
            with clock.stage("build ivfpq", len(coded.large), "shards") as stage:
                coded.build(partial(clock.advance, stage))
        return EstimatedSearcher(index, coded)


class PerShardIvfPq:
    """Shards with their structures. A shard that is too small for one, or from which all would be taken, is
    searched exactly. Raises ConfigError for codes that do not fit the dimensions.
    """

    def __init__(self, shards: Shards, method: IvfPq, max_memory: int) -> None:
        self.shards, self.method, self.max_memory = shards, method, max_memory
        self.code = method.bytes_of(shards.dim)
        self.structure = lru_cache(OPEN)(self._structure)

    def build(self, advance: Callable[[int], None] = lambda shards: None) -> None:
        """Build the structures that are not there, a thread for each. Raises OutputError."""
        from faiss import omp_get_max_threads

        with single_threaded_blas(), ThreadPoolExecutor(omp_get_max_threads()) as pool:
            for _ in pool.map(self._path, self.large):
                advance(1)

    @property
    def large(self) -> list[int]:
        """The shards that have a structure, by number."""
        return [number for number, shard in enumerate(self.shards.shards) if shard.rows >= LEAST]

    def width(self, k: int) -> int:
        """How many estimates there are for each query."""
        width = self.method.fetch * k
        each = (min(k, shard.rows) if self._exactly(shard, width) else width for shard in self.shards.shards)
        return min(width, sum(each))

    def estimates(self, queries: Half, k: int) -> Int64:
        """Estimates [Q, width(k)] of what may be among the k nearest."""
        width = self.method.fetch * k
        cells = int(4 * max(shard.rows for shard in self.shards.shards) ** 0.5)
        step = max(1, self.max_memory // (8 * ROOM * (self.shards.dim + cells + width)))
        parts = [queries[start : start + step] for start in range(0, len(queries), step)]
        found = [self._running(part, k, width) for part in parts]
        return np.concatenate(found) if found else np.empty((0, self.width(k)), np.int64)

    def _running(self, queries: Half, k: int, width: int) -> Int64:
        found = np.empty((len(queries), 0), np.int64)
        for number, start in enumerate(self.shards.starts[:-1].tolist()):
            found = best([found, shifted(self._in_shard(number, queries, k, width), start)], width)
        return found

    def _in_shard(self, number: int, queries: Half, k: int, width: int) -> Int64:
        shard = self.shards.shards[number]
        if self._exactly(shard, width):
            alone = Shards(self.shards.place, [shard], self.shards.dim)
            near = search(alone, queries, min(k, shard.rows), self.max_memory)
            return estimates(near.rows, near.scores)
        return self.structure(number).search(queries, width, self.method.nprobe)

    def _exactly(self, shard: Shard, width: int) -> bool:
        return shard.rows < LEAST or shard.rows <= width

    def _structure(self, number: int) -> Structure:
        return open_structure(self._path(number))

    def _path(self, number: int) -> Path:
        """Where a shard's structure lies; it is built if it is not there whole."""
        place, stem = self.shards.place, stem_of(self.shards.shards[number], self.code)
        if file := place.whole(stem, ".faiss"):
            return place.path(file)
        with single_threaded_blas(), faiss_on_one_thread():
            data = built(self.shards.vectors(number), self.code)
        return place.path(place.seal(stem, ".faiss", data))


@dataclass(frozen=True)
class EstimatedSearcher:
    """The searcher by structures of the shards."""

    index: Index
    coded: PerShardIvfPq

    def search(self, queries: Half, k: int) -> Candidates:
        """As Index.search, except that passages may be overlooked."""
        return ranked(self.index.store, queries, self.coded.estimates(queries, k), k)


def ranked(vectors: Vectors, queries: Half, found: Int64, k: int) -> Candidates:
    """The k nearest of what was estimated, by exact score."""
    near = nearest_of(vectors, queries, rows_of(found), k)
    return Candidates(near.rows, near.scores.astype(np.float32))
