"""From candidates to a pool: all that filters and selectors may look at, computed once."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from miner.data import Candidates, Float32, Pool
from miner.index import Index
from miner.index.memo import Memo, MemoKind
from miner.mining.block import Block, View
from miner.mining.compare import Compared, compare
from miner.risk import RiskModel, RiskScorer, features, logit, probability
from miner.text.copies import Copies
from miner.text.near_copies import NearCopies
from miner.vectors.dot import cosines, dot

ESTIMATED = MemoKind("risk", 1)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What of a pool takes work; the risk is None where nobody asks for it."""

    compared: Compared
    risk: Float32 | None


@dataclass
class PoolBuilder:
    """Builds pools over one index, or several of the same corpus; `emit` says what of a passage is written into rows,
    `copies` what a near copy is, `risk` what estimates the risk, if anybody asks for it."""

    indexes: Sequence[Index]
    emit: str
    copies: Copies = field(default_factory=Copies)
    risk: RiskModel | None = None

    @property
    def index(self) -> Index:
        return self.indexes[0]

    @cached_property
    def memo(self) -> Memo:
        return Memo(self.index)

    @cached_property
    def near(self) -> NearCopies:
        return NearCopies(self.copies, self.index.frequencies)

    @cached_property
    def scorers(self) -> list[RiskScorer]:
        """One an index."""
        return [] if self.risk is None else [self.risk.for_index(each) for each in self.indexes]

    def build(
        self, block: Block, candidates: Candidates, elsewhere: Callable[[], Evidence | None] = lambda: None
    ) -> Pool:
        """`elsewhere` is asked for the evidence before it is worked out here."""
        done: Evidence | None = None

        def compared_elsewhere() -> Compared | None:
            nonlocal done
            done = found = elsewhere()
            return None if found is None else found.compared

        compared = compare(self.memo, block, candidates.rows, self.emit, self.near, compared_elsewhere)
        pool = self._pool(block, candidates, compared)
        if self.risk is None:
            return pool
        key = [*block.key(), *views_key(block, self.indexes), pool.rows, repr(self.risk)]
        (risk,) = self.memo.arrays(
            ESTIMATED,
            key,
            [(np.dtype(np.float32), pool.rows.shape)],
            lambda: [self._risk(pool, block) if done is None or done.risk is None else done.risk],
        )
        return replace(pool, risk=risk)

    def evidence(self, block: Block, candidates: Candidates) -> Evidence:
        """For who builds the same pool elsewhere."""
        pool = self.build(block, candidates)
        return Evidence(Compared(**{name: getattr(pool, name) for name in Compared.__slots__}), pool.risk)

    def risks(self, pool: Pool, block: Block) -> list[Float32]:
        """[Q, K] by what each index sees."""
        return [
            scorer.risk(seen, features(seen, scorer.geometry)) for scorer, seen in self._seen(pool, block)
        ]

    def parts(self, pool: Pool, block: Block) -> dict[str, Float32]:
        """What the log odds of the risk are made of, [Q, K] each: means over indexes."""
        found = [scorer.parts(seen) for scorer, seen in self._seen(pool, block)]
        return {name: np.mean([each[name] for each in found], axis=0) for name in found[0]} if found else {}

    def _risk(self, pool: Pool, block: Block) -> Float32:
        """[Q, K] With several indexes the mean of their log odds."""
        risks = self.risks(pool, block)
        if len(risks) == 1:
            return risks[0]
        odds = np.mean([logit(risk) for risk in risks], axis=0)
        return np.round(probability(odds), 6).astype(np.float32)

    def _seen(self, pool: Pool, block: Block) -> Iterator[tuple[RiskScorer, Pool]]:
        """The pool as each index sees it, with what scores it there."""
        if self.scorers:
            yield from zip(self.scorers, [pool, *(seen_by(pool, view) for view in block.views)], strict=True)

    def _pool(self, block: Block, candidates: Candidates, compared: Compared) -> Pool:
        return Pool(
            rows=candidates.rows,
            scores=candidates.scores,
            match=compared.match,
            offsets=block.offsets,
            relevant_rows=block.relevant_rows,
            relevant_scores=compared.relevant_scores,
            to_relevant=compared.to_relevant,
            covered=compared.covered,
            shared=compared.shared,
            queries=block.vectors,
            relevant=block.relevant_vectors,
            sibling=compared.sibling,
            documents=compared.documents,
            keys=np.array([_hash(text) for text in block.texts], np.uint64),
            vectors=self.index.vectors,
            spread=self.index.spread,
            ranks=candidates.ranks,
        )


def views_key(block: Block, indexes: Sequence[Index]) -> list[Any]:
    """What the further indexes make of a block, for the Memo."""
    views = [part for view in block.views for part in (view.vectors, view.relevant_vectors)]
    return [*views, *(index.manifest.sha256 for index in indexes[1:])]


def seen_by(pool: Pool, view: View) -> Pool:
    """The same candidates with the similarities of another index over the same corpus."""
    scores, to_relevant = np.empty_like(pool.scores), np.empty_like(pool.to_relevant)
    relevant_scores = np.empty_like(pool.relevant_scores)
    for i, rows in enumerate(pool.rows):
        mine = slice(int(pool.offsets[i]), int(pool.offsets[i + 1]))
        scores[i] = cosines(view.index.vectors, view.vectors[i : i + 1], rows)[0]
        to_relevant[mine] = cosines(view.index.vectors, view.relevant_vectors[mine], rows)
        relevant_scores[mine] = dot(view.relevant_vectors[mine], view.vectors[i])
    return replace(
        pool,
        scores=scores,
        relevant_scores=relevant_scores,
        to_relevant=to_relevant,
        queries=view.vectors,
        relevant=view.relevant_vectors,
        vectors=view.index.vectors,
        spread=view.index.spread,
    )


def _hash(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return zlib.crc32(data) << 32 | zlib.crc32(data, 0x9E3779B9)
