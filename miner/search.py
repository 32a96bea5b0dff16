"""How the candidates of queries are found: exactly, or approximately where that is too slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from miner.block import Block
from miner.compared import cosines
from miner.data import Candidates, Half
from miner.errors import ConfigError
from miner.fuse import fuse
from miner.index import Index
from miner.index.ann import METHODS, Approximate, open_approximate
from miner.index.search import MAX_MEMORY
from miner.progress import Clock

EXACT = "exact"


@dataclass(frozen=True)
class Search:
    """`method` is 'exact', or 'hnsw' or 'ivf', which may overlook passages; `max_memory` (bytes) is what exact
    search may use beside its result. Raises ConfigError for another method or less than a megabyte.
    """

    method: str = EXACT
    max_memory: int = MAX_MEMORY

    def __post_init__(self) -> None:
        if self.method not in (EXACT, *METHODS):
            raise ConfigError(f"the search method is {self.method!r}; expected exact, hnsw or ivf")
        if self.max_memory < 2**20:
            raise ConfigError(f"{self.max_memory} bytes of memory are too few to search; expected 1M or more")

    def over(self, index: Index, clock: Clock | None = None) -> Exact | Approximate:
        """The searcher of an index; an approximate one is built the first time. Raises OutputError."""
        if self.method == EXACT:
            return Exact(index, self.max_memory)
        return open_approximate(index, self.method, clock)


@dataclass(frozen=True)
class Exact:
    """The searcher that overlooks nothing."""

    index: Index
    max_memory: int

    def search(self, queries: Half, k: int) -> Candidates:
        return self.index.search(queries, k, max_memory=self.max_memory)


class Finder:
    """Finds the candidates of blocks of queries in one index or several over the same corpus."""

    def __init__(self, indexes: Sequence[Index], search: Search, clock: Clock | None = None) -> None:
        self.indexes = indexes
        self.searchers = [search.over(index, clock) for index in indexes]
        self.exact = [replace(search, method=EXACT).over(index) for index in indexes]

    def find(self, block: Block, depth: int, *, exactly: bool = False) -> Candidates:
        """The nearest passages of every query [Q, depth]; of several indexes, fused."""
        searchers = self.exact if exactly else self.searchers
        searched = zip(searchers, _vectors(block), strict=True)
        return self.fused(block, depth, [searcher.search(vectors, depth) for searcher, vectors in searched])

    def fused(self, block: Block, depth: int, found: Sequence[Candidates]) -> Candidates:
        """One list of candidates out of those of each index."""
        first, *others = found
        if not others:
            return first
        rows, ranks = fuse([first.rows, *(other.rows for other in others)], depth)
        scores = [
            cosines(self.indexes[0].vectors, block.vectors[i : i + 1], row)[0] for i, row in enumerate(rows)
        ]
        return Candidates(rows, np.stack(scores), ranks)

    def recall(self, block: Block, depth: int) -> dict[str, float]:
        """Of each index that is searched approximately the share of the exact nearest that is found, over a
        sample of the queries, by path.
        """
        return {
            str(searcher.index.place): round(searcher.recall(vectors, depth), 4)
            for searcher, vectors in zip(self.searchers, _vectors(block), strict=True)
            if isinstance(searcher, Approximate) and len(vectors)
        }


def _vectors(block: Block) -> list[Half]:
    return [block.vectors, *(view.vectors for view in block.views)]
