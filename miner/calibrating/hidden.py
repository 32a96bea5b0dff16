"""What a user's own queries say about risk: reveal one relevant passage, hide the others, look for them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from miner.data import KEPT, PADDING, Bool, Candidates, Float64, Int64, Pool, Query
from miner.encoders import Encoder
from miner.encoders.endpoint import announce
from miner.encoders.lazy import LazyEncoder
from miner.filters import GUARDS, Filter, OverlapGuard, judge
from miner.index import Index
from miner.mining.block import Block
from miner.mining.pool import PoolBuilder
from miner.mining.relevant import EMIT, Relevant, find_relevant, relevant_vectors
from miner.progress import Clock, ticking
from miner.risk.features import HEAD, NAMES, Geometry, features
from miner.text.copies import Copies

DEPTH = HEAD
POOL_QUERIES = 128
FILTERS: tuple[Filter, ...] = (*GUARDS, Copies(), OverlapGuard())


@dataclass(frozen=True, slots=True)
class HiddenEvidence:
    """Q queries with K candidates each, in the order in which top() takes them: by rank."""

    features: Float64
    """[Q, K, F]"""
    allowed: Bool
    """[Q, K] what the guards and the guard for siblings let through."""
    hidden: Bool
    """[Q, K] relevant passages that were not shown."""

    @classmethod
    def of(cls, pool: Pool, geometry: Geometry, allowed: Bool, hidden: Bool) -> HiddenEvidence:
        """What a pool shows; `allowed` and `hidden` [Q, K] over its columns."""
        return cls(features(pool, geometry), allowed, hidden)

    def __len__(self) -> int:
        return len(self.allowed)

    @property
    def events(self) -> int:
        """Hidden relevant passages among the allowed candidates."""
        return int(np.sum(self.hidden & self.allowed))

    @property
    def labels(self) -> Float64:
        """[N] 1 for each allowed candidate that is a hidden relevant passage, else 0."""
        return self.hidden[self.allowed].astype(np.float64)

    def part(self, queries: Int64 | Bool) -> HiddenEvidence:
        return HiddenEvidence(self.features[queries], self.allowed[queries], self.hidden[queries])


def gather(
    queries: Sequence[Query],
    index: Index,
    encoder: Encoder | None = None,
    *,
    seed: int,
    hide: bool,
    clock: Clock,
) -> HiddenEvidence:
    """With `hide`: of every query with two or more relevant passages in the index all but one, drawn by seed
    and query, are hidden; other queries say nothing. Without: all queries, nothing hidden.

    Raises what looking up and encoding queries raises.
    """
    encoder = encoder or LazyEncoder(index.fingerprint, index.check_encoder)
    with clock.stage("look up", len(queries), "queries"):
        relevant = find_relevant(queries, index, EMIT["text"])
    chosen = [
        i for i in range(len(queries)) if not hide or np.sum(relevant.rows[relevant.of(i)] != PADDING) > 1
    ]
    shown = [
        _reveal(queries[i].text, relevant, relevant.of(i), seed) if hide else relevant.of(i) for i in chosen
    ]
    known = _only(relevant, shown)
    texts = [queries[i].text for i in chosen]
    announce(encoder, index.unencoded(texts, known.loose, encoder))
    with (
        clock.stage("encode queries", len(chosen), "queries") as stage,
        ticking(partial(clock.advance, stage), len(chosen)),
    ):
        block = Block(
            texts=tuple(texts),
            vectors=index.embed_queries(texts, encoder),
            offsets=known.offsets,
            relevant_texts=known.texts,
            relevant_rows=known.rows,
            relevant_vectors=relevant_vectors(known, index, lambda some: index.embed_passages(some, encoder)),
            taken=((),) * len(texts),
        )
    with clock.stage("search", len(chosen), "queries"):
        found = index.search(block.vectors, min(DEPTH, len(index)))
    hidden = np.zeros(found.rows.shape, np.bool_)
    for line, i, mine in zip(range(len(chosen)), chosen, shown, strict=True):
        others = np.setdiff1d(relevant.rows[relevant.of(i)], [*relevant.rows[mine], PADDING])
        hidden[line] = np.isin(found.rows[line], others)
    return _observe(block, found, hidden, index, clock)


def _observe(block: Block, found: Candidates, hidden: Bool, index: Index, clock: Clock) -> HiddenEvidence:
    builder, geometry = PoolBuilder(index, "text"), Geometry.of(*index.geometry())
    shape = found.rows.shape
    whole = HiddenEvidence(
        np.zeros((*shape, len(NAMES))), np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    )
    with clock.stage("measure", len(block), "queries") as stage:
        for start in range(0, len(block), POOL_QUERIES):
            here = range(start, min(start + POOL_QUERIES, len(block)))
            pool = builder.build(block.part(here), Candidates(found.rows[here], found.scores[here]))
            seen = HiddenEvidence.of(pool, geometry, judge(pool, FILTERS) == KEPT, hidden[here])
            whole.features[here], whole.allowed[here], whole.hidden[here] = (
                seen.features,
                seen.allowed,
                seen.hidden,
            )
            clock.advance(stage, len(here))
    return whole


def _reveal(text: str, relevant: Relevant, mine: slice, seed: int) -> slice:
    """One of the passages that are in the index, drawn by seed and query."""
    inside = np.flatnonzero(relevant.rows[mine] != PADDING) + mine.start
    drawn = np.random.default_rng([seed, zlib.crc32(text.encode("utf-8", "surrogatepass"))]).choice(inside)
    return slice(int(drawn), int(drawn) + 1)


def _only(relevant: Relevant, shown: Sequence[slice]) -> Relevant:
    places = [place for each in shown for place in range(each.start, each.stop)]
    return Relevant(
        np.cumsum([0, *(each.stop - each.start for each in shown)], dtype=np.int64),
        relevant.rows[places],
        tuple(relevant.texts[place] for place in places),
        tuple(relevant.ids[place] for place in places),
    )
