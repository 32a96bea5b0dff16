"""Candidates of which something is known: their features, and whether they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from miner.data import KEPT, Bool, Candidates, Float64, Int64, Pool
from miner.encoders import Encoder
from miner.encoders.endpoint import announce
from miner.filters import GUARDS, Filter, OverlapGuard, judge
from miner.index import Index
from miner.mining.block import Block
from miner.mining.pool import PoolBuilder
from miner.mining.relevant import Relevant, relevant_vectors
from miner.progress import Clock, ticking
from miner.risk.features import HEAD, NAMES, Geometry, features
from miner.text.copies import Copies

DEPTH = HEAD
POOL_QUERIES = 128
FILTERS: tuple[Filter, ...] = (*GUARDS, Copies(), OverlapGuard())


@dataclass(frozen=True, slots=True)
class LabelledPools:
    """Q queries with K candidates each, in the order in which top() takes them: by rank."""

    features: Float64
    """[Q, K, F]"""
    allowed: Bool
    """[Q, K] what the guards and the guard for siblings let through."""
    answers: Bool
    """[Q, K] what is known to answer."""
    known: Bool
    """[Q, K] of what it is known whether it answers."""

    @classmethod
    def of(cls, pool: Pool, geometry: Geometry, allowed: Bool, answers: Bool) -> LabelledPools:
        """What a pool shows; `allowed` and `answers` [Q, K] over its columns, all of which count as known."""
        return cls(features(pool, geometry), allowed, answers, np.ones_like(allowed))

    def __len__(self) -> int:
        return len(self.allowed)

    @property
    def counted(self) -> Bool:
        """[Q, K] candidates that a fit looks at."""
        return self.allowed & self.known

    @property
    def events(self) -> int:
        """Those of them that answer."""
        return int(np.sum(self.answers & self.counted))

    @property
    def labels(self) -> Float64:
        """[N] 1 for each that answers, else 0."""
        return self.answers[self.counted].astype(np.float64)

    def part(self, queries: Int64 | Bool) -> LabelledPools:
        return LabelledPools(
            self.features[queries], self.allowed[queries], self.answers[queries], self.known[queries]
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """Queries with those of their relevant passages that mining is shown."""

    texts: tuple[str, ...]
    relevant: Relevant

    @classmethod
    def some(cls, texts: Sequence[str], relevant: Relevant, places: Sequence[Sequence[int]]) -> Shown:
        """Of each query the relevant passages at these places."""
        flat = [place for each in places for place in each]
        found = Relevant(
            np.cumsum([0, *map(len, places)], dtype=np.int64),
            relevant.rows[flat],
            tuple(relevant.texts[place] for place in flat),
            tuple(relevant.ids[place] for place in flat),
        )
        return cls(tuple(texts), found)

    def block(self, index: Index, encoder: Encoder, clock: Clock) -> Block:
        """Encoded. Raises what encoding raises."""
        announce(encoder, index.unencoded(list(self.texts), self.relevant.loose, encoder))
        with (
            clock.stage("encode queries", len(self.texts), "queries") as stage,
            ticking(partial(clock.advance, stage), len(self.texts)),
        ):
            return Block(
                texts=self.texts,
                vectors=index.embed_queries(self.texts, encoder),
                offsets=self.relevant.offsets,
                relevant_texts=self.relevant.texts,
                relevant_rows=self.relevant.rows,
                relevant_vectors=relevant_vectors(
                    self.relevant, index, lambda some: index.embed_passages(some, encoder)
                ),
                taken=((),) * len(self.texts),
            )


def candidates_of(block: Block, index: Index, clock: Clock) -> Candidates:
    """The nearest of each query."""
    with clock.stage("search", len(block), "queries"):
        return index.search(block.vectors, min(DEPTH, len(index)))


def observe(
    block: Block, found: Candidates, answers: Bool, known: Bool, index: Index, clock: Clock
) -> LabelledPools:
    """Features and guards of candidates of which it is known, [Q, K] each, whether they answer."""
    builder, geometry = PoolBuilder([index], "text"), Geometry.of(*index.geometry())
    shape = found.rows.shape
    values, allowed = np.zeros((*shape, len(NAMES))), np.zeros(shape, np.bool_)
    with clock.stage("measure", len(block), "queries") as stage:
        for start in range(0, len(block), POOL_QUERIES):
            here = range(start, min(start + POOL_QUERIES, len(block)))
            pool = builder.build(block.part(here), Candidates(found.rows[here], found.scores[here]))
            values[here], allowed[here] = features(pool, geometry), judge(pool, FILTERS) == KEPT
            clock.advance(stage, len(here))
    return LabelledPools(values, allowed, answers, known)
