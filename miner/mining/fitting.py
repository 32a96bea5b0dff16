"""A selector fitted to the run: on a sample of its queries, before the first row is made."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

from miner.data import TEACHER, Query
from miner.encoders import Encoder
from miner.filters import judge
from miner.index import Index
from miner.mining.block import Block
from miner.mining.helpers import Helpers
from miner.mining.miner import Miner
from miner.mining.prepare import prepare
from miner.mining.recipe import Recipe
from miner.progress import Clock
from miner.search.search import Search
from miner.selectors import FittedSelector

SAMPLED = 512
"""Queries looked at, at most."""


def fitted(
    recipe: Recipe,
    queries: Sequence[Query],
    indexes: Sequence[Index],
    encoder: Encoder | None = None,
    clock: Clock | None = None,
) -> Recipe:
    """The recipe with its selector fitted to a sample of the queries, if it is one that has to be. Raises what
    `prepare` raises."""
    if not unready(recipe):
        return recipe
    drawn = sample([query.text for query in queries], recipe.seed)
    prepared = prepare([queries[i] for i in drawn], indexes, recipe, encoder, clock)
    return fitted_to(recipe, prepared.block, indexes, clock)


def fitted_to(
    recipe: Recipe,
    block: Block,
    indexes: Sequence[Index],
    clock: Clock | None = None,
    helpers: Helpers | None = None,
) -> Recipe:
    """As `fitted`, to a sample that is prepared. It is searched exactly, and teachers are not asked."""
    select = recipe.select
    if not isinstance(select, FittedSelector) or select.ready:
        return recipe
    filters = tuple(each for each in recipe.filters if TEACHER not in each.needs)
    miner = Miner(indexes, replace(recipe, teacher=None, filters=filters, search=Search()), helpers=helpers)
    clock = clock or Clock()
    with clock.stage("weigh up", len(block), "queries") as stage:
        pools, verdicts, wanted = [], [], []
        for part, pool in miner.pools(block):
            pools.append(pool)
            verdicts.append(judge(pool, miner.recipe.judges))
            wanted.append(miner.wanted(part))
            clock.advance(stage, len(part))
        return replace(recipe, select=select.fitted(pools, verdicts, wanted))


def unready(recipe: Recipe) -> bool:
    """Whether its selector has to be fitted first."""
    return isinstance(recipe.select, FittedSelector) and not recipe.select.ready


def sample(texts: Sequence[str], seed: int) -> list[int]:
    """At most SAMPLED places, in order: which, the seed and each text decide, so that one query more or less changes
    little."""
    salt = zlib.crc32(str(seed).encode())
    drawn = sorted(
        range(len(texts)), key=lambda i: (zlib.crc32(texts[i].encode("utf-8", "surrogatepass"), salt), i)
    )
    return sorted(drawn[:SAMPLED])
