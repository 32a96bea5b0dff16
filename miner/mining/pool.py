"""From candidates to a pool: all that filters and selectors may look at, computed once."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from miner.data import Candidates, Pool
from miner.index import Index
from miner.index.memo import Memo
from miner.mining.block import Block, View
from miner.mining.compare import compare
from miner.text.copies import Copies
from miner.text.near_copies import NearCopies
from miner.vectors.dot import cosines, dot


@dataclass
class PoolBuilder:
    """Builds pools over one index; `emit` says what of a passage is written into rows, `copies` what a near copy is."""

    index: Index
    emit: str
    copies: Copies = field(default_factory=Copies)

    @cached_property
    def memo(self) -> Memo:
        return Memo(self.index)

    @cached_property
    def near(self) -> NearCopies:
        return NearCopies(self.copies, self.index.frequencies)

    def build(self, block: Block, candidates: Candidates) -> Pool:
        compared = compare(self.memo, block, candidates.rows, self.emit, self.near)
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
