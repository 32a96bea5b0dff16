"""The main job: queries and an index in, rows of hard negatives with their evidence out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from miner.data import FIRST_REJECTION, KEPT, PADDED, PADDING, Candidates, Pool, Query, UInt8
from miner.encoders import Encoder
from miner.encoders.resolve import resolve_again
from miner.errors import ConfigError
from miner.filters import GUARDS, Filter, Risk, Sibling, judge
from miner.filters.risk import lowest_caps
from miner.index import Index
from miner.match import Guard, Match
from miner.mined import Mined, Pick
from miner.pool import Block, PoolBuilder
from miner.progress import Clock
from miner.relevant import EMIT, Relevant, find_relevant, relevant_vectors
from miner.risk import RiskModel, Scorer, packaged_model
from miner.select import Selector, Top

POOL_QUERIES = 128
SEARCH_QUERIES = 4096
WIDEN = 4


@dataclass(frozen=True)
class Recipe:
    """How negatives are mined: `n` a query out of the `depth` most similar passages, judged by the guards
    and then by `filters`, chosen by `select`; `emit` names what of a passage is written ('text' or
    'title-text'). `risk` estimates false negatives, by default the packaged model where a filter asks for
    it. Too few survivors widen the search fourfold until the corpus ends.
    """

    n: int = 5
    filters: tuple[Filter, ...] = (Sibling(overlapping=True), Risk())
    select: Selector = field(default_factory=Top)
    depth: int = 100
    seed: int = 0
    emit: str = "text"
    risk: RiskModel | None = None

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ConfigError(f"{self.n} negatives a query were asked for; expected 1 or more")
        if self.depth < self.n:
            raise ConfigError(f"depth {self.depth} is below the {self.n} negatives asked for")
        if self.emit not in EMIT:
            raise ConfigError(f"emit is {self.emit!r}; expected one of {', '.join(EMIT)}")

    @property
    def judges(self) -> tuple[Filter, ...]:
        """The guards, then the filters, in the order of the verdict codes."""
        return (*GUARDS, *self.filters)

    def scorer(self, index: Index) -> Scorer | None:
        """What gives candidates of this index their risk, if anything asks for it."""
        asked = any(isinstance(each, Risk) for each in self.filters)
        model = self.risk or (packaged_model() if asked else None)
        return model.for_index(index) if model else None


def mine(
    queries: Sequence[Query],
    index: Index,
    recipe: Recipe | None = None,
    *,
    encoder: Encoder | None = None,
    clock: Clock | None = None,
) -> Mined:
    """Mine hard negatives for every query, in order.

    The result is the same, bit for bit, for any block size, thread count or shard size. Without an
    encoder the one that the index names is loaded. Raises IndexMismatch if the encoder is not the
    index's, ConfigError for a relevant id that the index does not hold.
    """
    recipe, clock = recipe or Recipe(), clock or Clock()
    with clock.stage("look up", len(queries), "queries"):
        relevant = find_relevant(queries, index, EMIT[recipe.emit])
        taken = given_negatives(queries, relevant)
    encoder = encoder or resolve_again(index.fingerprint)
    index.check_encoder(encoder)
    with clock.stage("encode queries", len(queries), "queries") as stage:
        vectors = index.embed_queries([query.text for query in queries], encoder)
        positives = relevant_vectors(relevant, index, lambda texts: index.embed_passages(texts, encoder))
        clock.advance(stage, len(queries))
    miner = _Miner(index, recipe, clock)
    whole = Block(
        texts=tuple(query.text for query in queries),
        vectors=vectors,
        offsets=relevant.offsets,
        relevant_texts=relevant.texts,
        relevant_rows=relevant.rows,
        relevant_vectors=positives,
        taken=taken,
    )
    picks = [pick for start in range(0, len(queries), SEARCH_QUERIES) for pick in miner.run(whole, start)]
    return Mined(queries, index, recipe, relevant, picks, taken, miner.counts, miner.short, miner.caps, clock)


def given_negatives(queries: Sequence[Query], relevant: Relevant) -> tuple[tuple[str, ...], ...]:
    """The negatives that rows came with and that match nothing they must not match."""
    guard = Guard()
    valid = list[tuple[str, ...]]()
    for i, query in enumerate(queries):
        codes = guard.match(query.text, query.hard_negatives, relevant.texts[relevant.of(i)])
        valid.append(
            tuple(t for t, code in zip(query.hard_negatives, codes, strict=True) if code == Match.NONE)
        )
    return tuple(valid)


class _Miner:
    """Carries the counts from block to block."""

    def __init__(self, index: Index, recipe: Recipe, clock: Clock) -> None:
        self.index, self.recipe, self.clock = index, recipe, clock
        self.builder, self.scorer = PoolBuilder(index, recipe.emit), recipe.scorer(index)
        self.counts = Counter[str]()
        self.short = Counter[str]()
        self.caps = list[float]()

    def run(self, whole: Block, start: int) -> list[Pick]:
        """The picks of up to SEARCH_QUERIES queries, widened until each has enough or the corpus ended."""
        block = whole.part(range(start, min(start + SEARCH_QUERIES, len(whole))))
        picks: dict[int, Pick] = {}
        waiting, depth = list(range(len(block))), min(self.recipe.depth, len(self.index))
        while waiting:
            last = depth >= len(self.index)
            done = {i: pick for i, pick in self._wave(block, waiting, depth, last) if pick is not None}
            picks |= done
            waiting = [i for i in waiting if i not in done]
            depth = min(depth * WIDEN, len(self.index))
        return [picks[i] for i in range(len(block))]

    def _wave(
        self, block: Block, waiting: Sequence[int], depth: int, last: bool
    ) -> Iterator[tuple[int, Pick | None]]:
        for searched in _pieces(waiting, _scaled(SEARCH_QUERIES, self.recipe.depth, depth)):
            with self.clock.stage("search", len(searched), "queries") as stage:
                found = self.index.search(block.vectors[searched], depth)
                self.clock.advance(stage, len(searched))
            for columns in _pieces(range(len(searched)), _scaled(POOL_QUERIES, self.recipe.depth, depth)):
                part = block.part([searched[i] for i in columns])
                with self.clock.stage("filter", len(part), "queries") as stage:
                    pool = self.builder.build(part, Candidates(found.rows[columns], found.scores[columns]))
                    pool = self.scorer.score(pool) if self.scorer else pool
                    yield from zip(
                        (searched[i] for i in columns), self._choose(pool, part, last), strict=True
                    )
                    self.clock.advance(stage, len(part))

    def _choose(self, pool: Pool, block: Block, last: bool) -> Iterator[Pick | None]:
        """A pick for each query that has enough or can get no more; None for those to be widened."""
        wanted = np.array([max(0, self.recipe.n - len(taken)) for taken in block.taken], np.int64)
        verdicts = judge(pool, self.recipe.judges)
        selection = self.recipe.select.choose(pool, verdicts, wanted, self.recipe.seed)
        got = np.sum(selection.columns != PADDING, axis=1)
        if last and np.any(short := got < wanted):
            self.caps += lowest_caps(pool, self.recipe.judges, wanted)[short].tolist()
        for i in range(len(block)):
            if got[i] < wanted[i] and not last:
                yield None
                continue
            self._count(verdicts[i], bool(got[i] < wanted[i]))
            yield Pick.of(pool, i, selection.columns[i, : got[i]])

    def _count(self, verdicts: UInt8, short: bool) -> None:
        names = {KEPT: "kept", PADDED: "padding"}
        for code, count in zip(*np.unique(verdicts, return_counts=True), strict=True):
            name = names.get(int(code)) or repr(self.recipe.judges[int(code) - FIRST_REJECTION])
            self.counts[name] += int(count)
            if short and code >= FIRST_REJECTION:
                self.short[name] += int(count)


def _scaled(queries: int, depth: int, deeper: int) -> int:
    """How many queries cost at `deeper` what `queries` cost at `depth`."""
    return max(1, queries * depth // max(deeper, 1))


def _pieces(items: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
