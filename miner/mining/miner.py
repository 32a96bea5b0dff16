"""The main job: queries and an index in, rows of hard negatives with their evidence out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from miner.data import KEPT, PADDING, RISK, Candidates, Int64, Pool, Selection, UInt8
from miner.filters import judge
from miner.filters.risk import lowest_caps
from miner.index import Index
from miner.index.memo import ArraySpec, MemoKind
from miner.mining.block import Block
from miner.mining.counts import MiningCounts
from miner.mining.examples import dropped
from miner.mining.helpers import Helpers, shared_out
from miner.mining.judged import weigh
from miner.mining.pick import Pick
from miner.mining.pool import Evidence, PoolBuilder, views_key
from miner.mining.recipe import Recipe
from miner.mining.relevant import EMIT
from miner.mining.teacher import with_teacher
from miner.progress import Clock
from miner.search.search import Finder

POOL_QUERIES = 256
SEARCH_QUERIES = 4096
WIDEN = 4

FOUND = MemoKind("found", 1)


@dataclass(frozen=True, slots=True)
class Wave:
    """Which queries of a block are to be searched, and how deep."""

    queries: tuple[int, ...]
    depth: int


class Miner:
    """Searches, judges and chooses, block by block; carries the counts from block to block."""

    def __init__(
        self,
        indexes: Sequence[Index],
        recipe: Recipe,
        clock: Clock | None = None,
        helpers: Helpers | None = None,
    ) -> None:
        self.indexes, self.recipe, self.clock = indexes, recipe, clock or Clock()
        self.helpers = helpers
        self.finder = Finder(indexes, recipe.search, clock)
        risk = recipe.risk if RISK in recipe.needs else None
        self.builder = PoolBuilder(indexes, recipe.emit, recipe.copies, risk)
        self.counts = MiningCounts()

    def run(self, block: Block, ahead: Sequence[int] = ()) -> list[Pick]:
        """The picks of a block's queries, searched deeper until each has enough or the corpus ended. It begins with
        those of the places `ahead`, whose pools may be remembered."""
        picks, wave = dict[int, Pick](), self.first(len(block))
        wave = Wave(tuple(dict.fromkeys([*ahead, *wave.queries])), wave.depth)
        while wave.queries:
            done, wave = self.judge(block, wave, partial(self._searched, block, wave))
            picks |= done
        return [picks[i] for i in range(len(block))]

    def first(self, queries: int) -> Wave:
        """The search that a block of so many queries begins with."""
        return Wave(tuple(range(queries)), min(self.recipe.depth, len(self.indexes[0])))

    def judge(
        self, block: Block, wave: Wave, found: Callable[[slice], Candidates]
    ) -> tuple[dict[int, Pick], Wave]:
        """The picks of those queries of a wave that have enough or can get no more, and the wave that the
        others need. `found` gives the candidates of a piece of the wave.
        """
        picks = dict[int, Pick]()
        for here, few, pool in self._pooled(block, wave, found):
            picked = self._pick(pool, few, self._is_last(wave))
            picks |= {i: pick for i, pick in zip(here, picked, strict=True) if pick}
        left = tuple(i for i in wave.queries if i not in picks)
        return picks, Wave(left, min(wave.depth * WIDEN, len(self.indexes[0])))

    def pools(self, block: Block) -> Iterator[tuple[Block, Pool]]:
        """A block in parts, each with the pool of its first search."""
        wave = self.first(len(block))
        return (
            (few, pool) for _, few, pool in self._pooled(block, wave, partial(self._searched, block, wave))
        )

    def _pooled(
        self, block: Block, wave: Wave, found: Callable[[slice], Candidates]
    ) -> Iterator[tuple[tuple[int, ...], Block, Pool]]:
        """The queries of a wave in parts, each as a block and with its pool; what is done with them counts to
        'filter'."""
        for piece in pieces(wave, self.recipe.depth):
            here, candidates = wave.queries[piece], found(piece)
            parts = [*_slices(len(here), _scaled(POOL_QUERIES, self.recipe.depth, wave.depth))]
            asked = [(block.part(here[part]), candidates.part(range(len(here))[part])) for part in parts]
            with shared_out(asked, self.builder, self.helpers) as elsewhere:
                for number, (part, (few, theirs)) in enumerate(zip(parts, asked, strict=True)):
                    with self.clock.stage("filter", len(few), "queries") as stage:
                        yield here[part], few, self.pool(few, theirs, partial(elsewhere, number))
                        self.clock.advance(stage, len(few))

    def _is_last(self, wave: Wave) -> bool:
        """Whether no wave may follow."""
        return not self.recipe.widen or wave.depth >= len(self.indexes[0])

    def pool(
        self, block: Block, found: Candidates, elsewhere: Callable[[], Evidence | None] = lambda: None
    ) -> Pool:
        """The pool of candidates with all the evidence that the recipe asks for; `elsewhere` as in PoolBuilder."""
        pool = self.builder.build(block, found, elsewhere)
        if self.recipe.judgments is not None:
            pool = weigh(pool, block, self.indexes[0], self.recipe.judgments)
        if self.recipe.teacher is not None:
            wanted = judge(pool, self.recipe.cheap) == KEPT
            texts = [self._texts(line) for line in np.where(wanted, pool.rows, PADDING)]
            pool = with_teacher(pool, wanted, block.texts, texts, block.relevant_texts, self.recipe.teacher)
        return pool

    def choose(self, pool: Pool, block: Block) -> tuple[UInt8, Selection]:
        """Verdicts [Q, K] and the chosen columns."""
        verdicts = judge(pool, self.recipe.judges)
        return verdicts, self.recipe.select.choose(pool, verdicts, self.wanted(block), self.recipe.seed)

    def wanted(self, block: Block) -> Int64:
        """[Q] how many negatives to mine: less those that rows came with."""
        return np.array([max(0, self.recipe.n - len(taken)) for taken in block.taken], np.int64)

    def _texts(self, rows: Sequence[int]) -> dict[int, str]:
        columns = np.flatnonzero(np.not_equal(rows, PADDING))
        emit = EMIT[self.recipe.emit]
        passages = self.indexes[0].passages(np.asarray(rows)[columns])
        return dict(zip(columns.tolist(), map(emit, passages), strict=True))

    def _searched(self, block: Block, wave: Wave, piece: slice) -> Candidates:
        queries = wave.queries[piece]
        with self.clock.stage("search", len(queries), "queries") as stage:
            exactly = wave.depth > self.recipe.depth
            found = self._find(block.part(queries), wave.depth, exactly)
            self.clock.advance(stage, len(queries))
        return found

    def _find(self, block: Block, depth: int, exactly: bool) -> Candidates:
        """As Finder.find, unless it was found before."""
        shape, ranked = (len(block), depth), len(self.indexes) > 1
        specs: list[ArraySpec] = [(np.dtype(np.int64), shape), (np.dtype(np.float32), shape)]
        if ranked:
            specs.append((np.dtype(np.int64), (len(self.indexes), *shape)))

        def found() -> list[Any]:
            candidates = self.finder.find(block.seen, depth, exactly=exactly)
            return [candidates.rows, candidates.scores, *([candidates.ranks] if ranked else [])]

        key = [block.vectors, *views_key(block, self.indexes), self.recipe.search.method, str(exactly)]
        return Candidates(*self.builder.memo.arrays(FOUND, key, specs, found))

    def _pick(self, pool: Pool, block: Block, last: bool) -> Iterator[Pick | None]:
        """A pick for each query that has enough or can get no more; None for those to be widened."""
        verdicts, selection = self.choose(pool, block)
        got = np.sum(selection.columns != PADDING, axis=1)
        wanted = self.wanted(block)
        short, caps = got < wanted, np.full(len(block), np.nan, np.float32)
        if last and np.any(short):
            caps[short] = lowest_caps(pool, self.recipe.judges, wanted)[short]
        for i, cap in enumerate(caps.tolist()):
            if short[i] and not last:
                yield None
                continue
            columns = selection.columns[i, : got[i]]
            pick = Pick.of(pool, i, columns, verdicts, len(self.recipe.judges), cap)
            self.counts.count(pick, len(block.taken[i]), self.recipe)
            self.counts.example(dropped(pool, block, i))
            yield pick


def pieces(wave: Wave, depth: int) -> Iterator[slice]:
    """The queries of a wave that are searched at once: fewer where it is deeper than `depth`."""
    return _slices(len(wave.queries), _scaled(SEARCH_QUERIES, depth, wave.depth))


def _scaled(queries: int, depth: int, deeper: int) -> int:
    """How many queries cost at `deeper` what `queries` cost at `depth`."""
    return max(1, queries * depth // max(deeper, 1))


def _slices(count: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, count)) for start in range(0, count, size))
