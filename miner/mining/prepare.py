"""Before the search: queries looked up in the index and encoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from miner.data import Query
from miner.encoders import Encoder
from miner.encoders.endpoint import announce
from miner.errors import IndexMismatch
from miner.index import Index
from miner.mining.block import Block, View
from miner.mining.recipe import Recipe
from miner.mining.relevant import EMIT, Relevant, find_relevant, relevant_vectors
from miner.progress import Clock, ticking
from miner.text.match import Match, MatchRequest, match
from miner.text.near_copies import NearCopies


@dataclass(frozen=True, slots=True)
class Prepared:
    """Queries looked up and encoded, ready to be searched."""

    relevant: Relevant
    block: Block

    def part(self, queries: Sequence[int]) -> Prepared:
        """Some of the queries."""
        block = self.block.part(queries)
        ids = tuple(id for i in queries for id in self.relevant.ids[self.relevant.of(i)])
        return Prepared(Relevant(block.offsets, block.relevant_rows, block.relevant_texts, ids), block)


def prepare(
    queries: Sequence[Query],
    indexes: Sequence[Index],
    recipe: Recipe,
    encoder: Encoder | None = None,
    clock: Clock | None = None,
) -> Prepared:
    """Look up and encode queries and relevant passages, once for each index. Raises what `mine` raises."""
    clock, first = clock or Clock(), indexes[0]
    for other in indexes[1:]:
        if other.manifest.corpus != first.manifest.corpus:
            raise IndexMismatch(f"{other.place}: holds another corpus than {first.place}; expected the same")
    texts = [query.text for query in queries]
    with clock.stage("look up", len(queries), "queries"):
        relevant = find_relevant(queries, first, EMIT[recipe.emit])
        taken = given_negatives(queries, relevant, NearCopies(recipe.copies, first.frequencies))
    views = []
    for number, index in enumerate(indexes):
        own = encoder if encoder and not number else index.lazy_encoder()
        announce(own, index.unencoded(texts, relevant.loose, own))
        with (
            clock.stage("encode queries", len(queries), "queries") as stage,
            ticking(partial(clock.advance, stage), len(queries)),
        ):
            vectors = index.embed_queries(texts, own)
            positives = relevant_vectors(relevant, index, partial(index.embed_passages, encoder=own))
        views.append(View(index, vectors, positives))
    block = Block(
        texts=tuple(texts),
        vectors=views[0].vectors,
        offsets=relevant.offsets,
        relevant_texts=relevant.texts,
        relevant_rows=relevant.rows,
        relevant_vectors=views[0].relevant_vectors,
        taken=taken,
        views=tuple(views[1:]),
    )
    return Prepared(relevant, block)


def given_negatives(
    queries: Sequence[Query], relevant: Relevant, near: NearCopies
) -> tuple[tuple[str, ...], ...]:
    """The negatives that rows came with and that match nothing they must not match."""
    valid = list[tuple[str, ...]]()
    for i, query in enumerate(queries):
        if not query.hard_negatives:
            valid.append(())
            continue
        codes = match(MatchRequest(query.text, query.hard_negatives, relevant.texts[relevant.of(i)]), near)
        valid.append(
            tuple(t for t, code in zip(query.hard_negatives, codes, strict=True) if code == Match.NONE)
        )
    return tuple(valid)
