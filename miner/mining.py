"""The main job: queries and an index in, rows of hard negatives with their evidence out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from miner.data import (
    FIRST_REJECTION,
    KEPT,
    PADDED,
    PADDING,
    Candidates,
    Int64,
    Pool,
    Query,
    Selection,
    UInt8,
)
from miner.encoders import Encoder
from miner.filters import Risk, judge
from miner.filters.risk import lowest_caps
from miner.index import Index
from miner.mined import Mined, Pick
from miner.pool import Block, PoolBuilder, seen_by
from miner.prepare import as_queries, prepare
from miner.progress import Clock
from miner.recipe import Recipe
from miner.relevant import EMIT
from miner.rescore import rescore
from miner.risk import Scorer, logit, probability
from miner.search import Finder

POOL_QUERIES = 128
SEARCH_QUERIES = 4096
WIDEN = 4


def mine(
    queries: Sequence[Query] | Sequence[Mapping[str, Any]],
    index: Index | Sequence[Index],
    recipe: Recipe | None = None,
    *,
    encoder: Encoder | None = None,
    clock: Clock | None = None,
) -> Mined:
    """Mine hard negatives for every query, in order.

    Queries are what read_queries gives, or mappings with the keys of a JSONL line. Several indexes over the
    same corpus are searched as one: ranks are fused, similarities are those of the first. The result is the
    same, bit for bit, for any block size, thread count or shard size. Without an encoder (of the first index)
    those that the indexes name are loaded.

    Raises IndexMismatch if the encoder is not the index's or the corpora differ, ConfigError for a relevant
    id that the index does not hold, InputError for a mapping that is no query.
    """
    recipe, clock = recipe or Recipe(), clock or Clock()
    asked = as_queries(queries)
    indexes = (index,) if isinstance(index, Index) else tuple(index)
    prepared = prepare(asked, indexes, recipe, encoder, clock)
    miner = Miner(indexes, recipe, clock)
    recall = miner.finder.recall(prepared.block, min(recipe.depth, len(indexes[0])))
    picks = [
        pick for start in range(0, len(asked), SEARCH_QUERIES) for pick in miner.run(prepared.block, start)
    ]
    return Mined(
        asked,
        indexes,
        recipe,
        prepared.relevant,
        picks,
        prepared.block.taken,
        miner.counts,
        miner.short,
        miner.caps,
        recall,
        clock,
    )


class Miner:
    """Searches, judges and chooses, block by block; carries the counts from block to block."""

    def __init__(self, indexes: Sequence[Index], recipe: Recipe, clock: Clock | None = None) -> None:
        self.indexes, self.recipe, self.clock = indexes, recipe, clock or Clock()
        self.finder = Finder(indexes, recipe.search, clock)
        self.builder = PoolBuilder(indexes[0], recipe.emit)
        estimates = any(isinstance(each, Risk) for each in recipe.filters)
        self.scorers: list[Scorer] = [recipe.risk.for_index(each) for each in indexes] if estimates else []
        self.counts = Counter[str]()
        self.short = Counter[str]()
        self.caps = list[float]()
        """For each query that stayed short the lowest cap on the risk that would fill it, NaN if none would."""

    def run(self, whole: Block, start: int) -> list[Pick]:
        """The picks of up to SEARCH_QUERIES queries, widened until each has enough or the corpus ended."""
        block = whole.part(range(start, min(start + SEARCH_QUERIES, len(whole))))
        size = len(self.indexes[0])
        picks: dict[int, Pick] = {}
        waiting, depth = list(range(len(block))), min(self.recipe.depth, size)
        while waiting:
            done = {i: pick for i, pick in self._wave(block, waiting, depth) if pick is not None}
            picks |= done
            waiting = [i for i in waiting if i not in done]
            depth = min(depth * WIDEN, size)
        return [picks[i] for i in range(len(block))]

    def pool(self, block: Block, found: Candidates) -> Pool:
        """The pool of candidates with all the evidence that the recipe asks for."""
        pool = self.builder.build(block, found)
        if self.scorers:
            pool = self._estimate(pool, block)
        if self.recipe.rescore is not None:
            wanted = judge(pool, self.recipe.cheap) == KEPT
            texts = [self._texts(line) for line in np.where(wanted, pool.rows, PADDING)]
            pool = rescore(pool, wanted, block.texts, texts, block.relevant_texts, self.recipe.rescore)
        return pool

    def choose(self, pool: Pool, block: Block) -> tuple[UInt8, Selection]:
        """Verdicts [Q, K] and the chosen columns."""
        verdicts = judge(pool, self.recipe.judges)
        return verdicts, self.recipe.select.choose(pool, verdicts, self._wanted(block), self.recipe.seed)

    def _wanted(self, block: Block) -> Int64:
        """[Q] how many negatives to mine: less those that rows came with."""
        return np.array([max(0, self.recipe.n - len(taken)) for taken in block.taken], np.int64)

    def _estimate(self, pool: Pool, block: Block) -> Pool:
        """The pool with its risk: with several indexes the mean of their log odds."""
        pools = [pool, *(seen_by(pool, view) for view in block.views)]
        risks = [scorer.score(each).risk for scorer, each in zip(self.scorers, pools, strict=True)]
        if len(risks) == 1:
            return replace(pool, risk=risks[0])
        odds = np.mean([logit(risk) for risk in risks if risk is not None], axis=0)
        return replace(pool, risk=np.round(probability(odds), 6).astype(np.float32))

    def _texts(self, rows: Sequence[int]) -> dict[int, str]:
        columns = np.flatnonzero(np.not_equal(rows, PADDING))
        emit = EMIT[self.recipe.emit]
        passages = self.indexes[0].passages(np.asarray(rows)[columns])
        return dict(zip(columns.tolist(), map(emit, passages), strict=True))

    def _wave(self, block: Block, waiting: Sequence[int], depth: int) -> Iterator[tuple[int, Pick | None]]:
        last = depth >= len(self.indexes[0])
        for searched in _pieces(waiting, _scaled(SEARCH_QUERIES, self.recipe.depth, depth)):
            with self.clock.stage("search", len(searched), "queries") as stage:
                found = self.finder.find(block.part(searched), depth, exactly=depth > self.recipe.depth)
                self.clock.advance(stage, len(searched))
            for columns in _pieces(range(len(searched)), _scaled(POOL_QUERIES, self.recipe.depth, depth)):
                part = block.part([searched[i] for i in columns])
                with self.clock.stage("filter", len(part), "queries") as stage:
                    picks = self._pick(self.pool(part, found.part(columns)), part, last)
                    yield from zip((searched[i] for i in columns), picks, strict=True)
                    self.clock.advance(stage, len(part))

    def _pick(self, pool: Pool, block: Block, last: bool) -> Iterator[Pick | None]:
        """A pick for each query that has enough or can get no more; None for those to be widened."""
        verdicts, selection = self.choose(pool, block)
        got = np.sum(selection.columns != PADDING, axis=1)
        wanted = self._wanted(block)
        if last and np.any(got < wanted):
            self.caps += lowest_caps(pool, self.recipe.judges, wanted)[got < wanted].tolist()
        for i in range(len(block)):
            short = bool(got[i] < wanted[i])
            if short and not last:
                yield None
                continue
            self._count(verdicts[i], short)
            yield Pick.of(pool, i, selection.columns[i, : got[i]])

    def _count(self, verdicts: UInt8, short: bool) -> None:
        for code, count in zip(*np.unique(verdicts, return_counts=True), strict=True):
            name = verdict_name(int(code), self.recipe)
            self.counts[name] += int(count)
            if short and code >= FIRST_REJECTION:
                self.short[name] += int(count)


def verdict_name(code: int, recipe: Recipe) -> str:
    """'kept', 'padding', or the spelling of the filter that rejected."""
    return {KEPT: "kept", PADDED: "padding"}.get(code) or repr(recipe.judges[code - FIRST_REJECTION])


def _scaled(queries: int, depth: int, deeper: int) -> int:
    """How many queries cost at `deeper` what `queries` cost at `depth`."""
    return max(1, queries * depth // max(deeper, 1))


def _pieces(items: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
