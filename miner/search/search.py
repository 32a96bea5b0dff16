"""How the candidates of queries are found: exactly, or approximately where that is too slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from miner.data import Candidates, Half
from miner.errors import ConfigError
from miner.index import Index
from miner.mining.block import Block
from miner.mining.compare import cosines
from miner.progress import Clock
from miner.search.ivfpq import IvfPq
from miner.search.per_shard import PerShardIvfPq, ranked
from miner.search.whole_index import Approximate, open_approximate
from miner.spec import Spec, parse
from miner.vectors.exact import MAX_MEMORY
from miner.vectors.fuse import fuse
from miner.vectors.recall import recall, sampled

EXACT = "exact"


@dataclass(frozen=True, repr=False)
class Exhaustive(Spec):
    """Overlook nothing."""

    name: ClassVar[str] = EXACT


@dataclass(frozen=True, repr=False)
class Hnsw(Spec):
    """Follow a graph over the whole index."""

    name: ClassVar[str] = "hnsw"


@dataclass(frozen=True, repr=False)
class Ivf(Spec):
    """Look into some cells of the whole index."""

    name: ClassVar[str] = "ivf"


METHODS: dict[str, type[Spec]] = {each.name: each for each in (Exhaustive, Hnsw, Ivf, IvfPq)}


@dataclass(frozen=True)
class Search:
    """`method` is 'exact', or 'hnsw', 'ivf' or 'ivfpq(...)', which may overlook passages; `max_memory` (bytes)
    is what search may use beside its result. Raises ConfigError for another method or less than a megabyte.
    """

    method: str = EXACT
    max_memory: int = MAX_MEMORY

    def __post_init__(self) -> None:
        self.spelt  # noqa: B018
        if self.max_memory < 2**20:
            raise ConfigError(f"{self.max_memory} bytes of memory are too few to search; expected 1M or more")

    @property
    def spelt(self) -> Spec:
        """The method with its options. Raises ConfigError."""
        return parse(self.method, METHODS, "search method")

    @property
    def coding(self) -> IvfPq | None:
        """The options of a search by structures of the shards, if it is one."""
        return found if isinstance(found := self.spelt, IvfPq) else None

    def over(self, index: Index, clock: Clock | None = None) -> Exact | Approximate | Estimated:
        """The searcher of an index; what it lacks is built the first time. Raises OutputError, ConfigError for
        options that do not fit the index.
        """
        spelt = self.spelt
        if isinstance(spelt, Exhaustive):
            return Exact(index, self.max_memory)
        if not isinstance(spelt, IvfPq):
            return open_approximate(index, spelt.name, clock)
        coded = PerShardIvfPq(index.store, spelt, self.max_memory)
        if clock and coded.large:
            with clock.stage("build ivfpq", len(coded.large), "shards") as stage:
                coded.build(partial(clock.advance, stage))
        return Estimated(index, coded)


@dataclass(frozen=True)
class Exact:
    """The searcher that overlooks nothing."""

    index: Index
    max_memory: int

    def search(self, queries: Half, k: int) -> Candidates:
        return self.index.search(queries, k, max_memory=self.max_memory)


@dataclass(frozen=True)
class Estimated:
    """The searcher by structures of the shards."""

    index: Index
    coded: PerShardIvfPq

    def search(self, queries: Half, k: int) -> Candidates:
        """As Index.search, except that passages may be overlooked."""
        return ranked(self.index.store, queries, self.coded.estimates(queries, k), k)


class Finder:
    """Finds the candidates of blocks of queries in one index or several over the same corpus."""

    def __init__(self, indexes: Sequence[Index], search: Search, clock: Clock | None = None) -> None:
        self.indexes = indexes
        self.searchers = [search.over(index, clock) for index in indexes]
        self.exact = [replace(search, method=EXACT).over(index) for index in indexes]

    def find(self, block: Block, depth: int, *, exactly: bool = False) -> Candidates:
        """The nearest passages of every query [Q, depth]; of several indexes, fused."""
        searchers = self.exact if exactly else self.searchers
        searched = zip(searchers, vectors_of(block), strict=True)
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
        shares = {}
        for searcher, exact, vectors in zip(self.searchers, self.exact, vectors_of(block), strict=True):
            if not isinstance(searcher, Exact) and len(vectors):
                few = vectors[sampled(len(vectors))]
                found = searcher.search(few, depth).rows
                shares[str(searcher.index.place)] = recall(exact.search(few, depth).rows, found)
        return shares


def vectors_of(block: Block) -> list[Half]:
    """Of the queries, as each index sees them."""
    return [block.vectors, *(view.vectors for view in block.views)]
