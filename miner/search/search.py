"""How the candidates of queries are found: exactly, or approximately where that is too slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from miner.data import Candidates, Half
from miner.errors import ConfigError
from miner.index import Index
from miner.progress import Clock
from miner.search.base import Searcher, SearchMethod
from miner.search.exhaustive import Exhaustive
from miner.search.per_shard import IvfPq
from miner.search.whole_index import Hnsw, Ivf
from miner.spec import check, parse
from miner.vectors.dot import cosines
from miner.vectors.exact import MAX_MEMORY
from miner.vectors.fuse import fuse
from miner.vectors.recall import recall, sampled

EXACT = Exhaustive.name
METHODS: dict[str, type[Any]] = {each.name: each for each in (Exhaustive, Hnsw, Ivf, IvfPq)}
"""Name to SearchMethod."""


@dataclass(frozen=True)
class Search:
    """`method` is 'exact', or 'hnsw', 'ivf' or 'ivfpq(...)', which may overlook passages; `max_memory` (bytes)
    is what search may use beside its result. Raises ConfigError for another method or less than a megabyte.
    """

    method: str = EXACT
    max_memory: int = MAX_MEMORY

    def __post_init__(self) -> None:
        check(self, "search")
        self.parsed  # noqa: B018
        if self.max_memory < 2**20:
            raise ConfigError(f"{self.max_memory} bytes of memory are too few to search; expected 1M or more")

    @property
    def parsed(self) -> SearchMethod:
        """The method with its options. Raises ConfigError."""
        method: SearchMethod = parse(self.method, METHODS, "search method")
        return method

    @property
    def coding(self) -> IvfPq | None:
        """The options of a search by structures of the shards, if it is one."""
        return found if isinstance(found := self.parsed, IvfPq) else None

    def over(self, index: Index, clock: Clock | None = None) -> Searcher:
        """The searcher of an index. Raises what SearchMethod.over raises."""
        return self.parsed.over(index, self.max_memory, clock)


class Finder:
    """Finds the candidates of queries in one index or several over the same corpus.

    Queries are fp16 unit vectors [Q, d], one array an index: the same queries as each one's encoder sees them.
    """

    def __init__(self, indexes: Sequence[Index], search: Search, clock: Clock | None = None) -> None:
        self.indexes = indexes
        self.approximate = not search.parsed.exact
        self.searchers = [search.over(index, clock) for index in indexes]
        self.exact = [Exhaustive().over(index, search.max_memory) for index in indexes]

    def find(self, queries: Sequence[Half], depth: int, *, exactly: bool = False) -> Candidates:
        """The nearest passages of every query [Q, depth]; of several indexes, fused."""
        searchers: Sequence[Searcher] = self.exact if exactly else self.searchers
        found = [each.search(vectors, depth) for each, vectors in zip(searchers, queries, strict=True)]
        return self.fused(queries[0], depth, found)

    def fused(self, queries: Half, depth: int, found: Sequence[Candidates]) -> Candidates:
        """One list of candidates out of those of each index; their scores are those of the first index."""
        first, *others = found
        if not others:
            return first
        rows, ranks = fuse([first.rows, *(other.rows for other in others)], depth)
        scores = [cosines(self.indexes[0].vectors, queries[i : i + 1], row)[0] for i, row in enumerate(rows)]
        return Candidates(rows, np.stack(scores), ranks)

    def recall(self, queries: Sequence[Half], depth: int) -> dict[str, float]:
        """Of each index that is searched approximately the share of the exact nearest that is found, over a
        sample of the queries, by path.
        """
        if not self.approximate or not len(queries[0]):
            return {}
        shares = {}
        for searcher, exact, vectors in zip(self.searchers, self.exact, queries, strict=True):
            few = vectors[sampled(len(vectors))]
            found = searcher.search(few, depth).rows
            shares[str(exact.index.place)] = recall(exact.search(few, depth).rows, found)
        return shares
