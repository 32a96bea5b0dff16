"""What mining would choose from, query by query: the state that judging works on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from miner.data import KEPT, Float64, Int64, Pool, Query
from miner.encoders import Encoder
from miner.filters import DropRiskiest, Filter, Risk, judge
from miner.index import Index
from miner.judgments import Pair
from miner.mining.miner import POOL_QUERIES, Miner
from miner.mining.prepare import Prepared, prepare
from miner.mining.recipe import Recipe
from miner.mining.relevant import EMIT
from miner.progress import Clock
from miner.risk.model import logit, probability
from miner.selectors import BelowRelevant

NOT_ESTIMATED = (Risk, DropRiskiest)
JUDGED_CAP = 0.025
"""Cap on the risk where judges are asked and none is given, chosen by benchmarks/quality/judging.py."""


@dataclass(frozen=True)
class QueryCandidates:
    """Candidates of one query that no guard and no filter but those on the risk rejects, in the order in which
    they are taken: hardest first. K is their number."""

    query: str
    relevant: tuple[str, ...]
    relevant_scores: Float64
    """[P] cosine of query and relevant passage."""
    rows: Int64
    """[K]"""
    risks: Float64
    """[K]"""
    scores: Float64
    """[K] cosine to the query."""


@dataclass(frozen=True)
class CandidatePool:
    """The candidates of all queries over one corpus."""

    queries: tuple[QueryCandidates, ...]
    index: Index
    emit: str

    def pairs(self, query: int, columns: Sequence[int]) -> list[Pair]:
        """The texts of some candidates of a query."""
        own = self.queries[query]
        passages = self.index.passages(own.rows[list(columns)])
        texts = map(EMIT[self.emit], passages)
        return [
            Pair(own.query, text, passage.id, own.relevant)
            for text, passage in zip(texts, passages, strict=True)
        ]


def capped(recipe: Recipe) -> tuple[Recipe, float]:
    """The recipe with a cap on the risk: its own, or JUDGED_CAP in place of riskiest(), which knows no
    probabilities that a verdict could move."""
    caps = [each.max for each in recipe.filters if isinstance(each, Risk)]
    others: tuple[Filter, ...] = tuple(each for each in recipe.filters if not isinstance(each, NOT_ESTIMATED))
    cap = min(caps, default=JUDGED_CAP)
    return replace(recipe, filters=(*others, Risk(cap))), cap


def gather_candidates(
    queries: Sequence[Query],
    indexes: Sequence[Index],
    recipe: Recipe,
    *,
    encoder: Encoder | None = None,
    clock: Clock | None = None,
) -> CandidatePool:
    """Search, compare and estimate as mining does, down to the recipe's depth. Raises what `mine` raises."""
    clock = clock or Clock()
    plain = replace(capped(recipe)[0], judgments=None)
    prepared = prepare(queries, indexes, plain, encoder, clock)
    miner = Miner(indexes, plain, clock)
    found = tuple(_gather(prepared, miner, plain, clock))
    return CandidatePool(found, indexes[0], recipe.emit)


def _gather(prepared: Prepared, miner: Miner, recipe: Recipe, clock: Clock) -> Iterator[QueryCandidates]:
    block, depth = prepared.block, min(recipe.depth, len(miner.indexes[0]))
    others = [each for each in recipe.judges if not isinstance(each, NOT_ESTIMATED)]
    for start in range(0, len(block), POOL_QUERIES):
        part = block.part(range(start, min(start + POOL_QUERIES, len(block))))
        with clock.stage("look for candidates", len(part), "queries") as stage:
            pool = miner.pool(part, miner.finder.find(part.seen, depth))
            allowed, order = judge(pool, others) == KEPT, _order(pool, recipe)
            for i in range(len(part)):
                columns = order[i][allowed[i, order[i]]]
                own = slice(int(pool.offsets[i]), int(pool.offsets[i + 1]))
                yield QueryCandidates(
                    part.texts[i],
                    part.relevant_texts[part.relevant(i)],
                    pool.relevant_scores[own].astype(np.float64),
                    pool.rows[i, columns],
                    _risks(pool, i, columns),
                    pool.scores[i, columns].astype(np.float64),
                )
            clock.advance(stage, len(part))


def _risks(pool: Pool, query: int, columns: Int64) -> Float64:
    if pool.risk is None:
        return np.ones(len(columns))
    return probability(logit(pool.risk[query, columns]))


def _order(pool: Pool, recipe: Recipe) -> Int64:
    """[Q, K] columns in the order in which the recipe's selector takes them; selectors that draw or weigh
    take from the hardest."""
    if isinstance(recipe.select, BelowRelevant):
        return recipe.select.order(pool)
    return np.tile(np.arange(pool.rows.shape[1]), (len(pool.rows), 1))
