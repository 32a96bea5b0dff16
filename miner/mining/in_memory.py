"""Mining in this process."""

from __future__ import annotations

from collections.abc import Sequence

from miner.data import Query
from miner.encoders import Encoder
from miner.index import Index
from miner.mining.fitting import fitted_to, sample, unready
from miner.mining.helpers import Helpers
from miner.mining.miner import SEARCH_QUERIES, Miner
from miner.mining.prepare import prepare
from miner.mining.recipe import Recipe
from miner.mining.result import MiningResult
from miner.mining.run_record import RunInfo
from miner.progress import Clock


def mine_in_memory(
    queries: Sequence[Query],
    indexes: Sequence[Index],
    recipe: Recipe,
    encoder: Encoder | None = None,
    clock: Clock | None = None,
    helpers: Helpers | None = None,
) -> MiningResult:
    """Mine hard negatives for every query in this process and its `helpers`. Raises what `prepare` and the recipe's
    parts raise."""
    clock = clock or Clock()
    prepared = prepare(queries, indexes, recipe, encoder, clock)
    seen = sample(prepared.block.texts, recipe.seed) if unready(recipe) else []
    recipe = fitted_to(recipe, prepared.block.part(seen), indexes, clock, helpers)
    miner = Miner(indexes, recipe, clock, helpers)
    recall = miner.finder.recall(prepared.block.seen, min(recipe.depth, len(indexes[0])))
    blocks = (
        range(start, min(start + SEARCH_QUERIES, len(queries)))
        for start in range(0, len(queries), SEARCH_QUERIES)
    )
    ahead = seen if len(queries) <= SEARCH_QUERIES else []
    picks = [pick for block in blocks for pick in miner.run(prepared.block.part(block), ahead)]
    made = RunInfo(recipe, indexes, miner.counts, clock, recall)
    return MiningResult(queries, prepared, picks, made)
