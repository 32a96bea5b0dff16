"""From candidates to a pool: all that filters and selectors may look at, computed once."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from miner.blas import one_thread
from miner.data import (
    PADDING,
    Candidates,
    Float32,
    Half,
    Int64,
    Passage,
    Pool,
    UInt8,
)
from miner.index import Index
from miner.match import OVERLAP, Folded, Guard, Match, fold_all, folded
from miner.siblings import Sibling, document

CHUNK = 4096
"""Candidates of one query whose vectors are held in float64 at once."""


@dataclass(frozen=True, slots=True)
class View:
    """How an index's encoder sees a block: unit rows [Q, d] of the queries, [P, d] of the relevant passages."""

    index: Index
    vectors: Half
    relevant_vectors: Half


@dataclass(frozen=True, slots=True)
class Block:
    """A block of Q queries on its way through the stages; P relevant passages laid end to end."""

    texts: tuple[str, ...]
    vectors: Half
    """[Q, d]"""
    offsets: Int64
    """[Q + 1]"""
    relevant_texts: tuple[str, ...]
    relevant_rows: Int64
    """[P]"""
    relevant_vectors: Half
    """[P, d]"""
    taken: tuple[tuple[str, ...], ...]
    """Negatives that the row came with and keeps."""
    views: tuple[View, ...] = ()
    """The same block as further indexes see it."""

    def __len__(self) -> int:
        return len(self.texts)

    def part(self, queries: Sequence[int]) -> Block:
        """The block of some of its queries."""
        pieces = [range(int(self.offsets[i]), int(self.offsets[i + 1])) for i in queries]
        flat = [p for piece in pieces for p in piece]
        return Block(
            texts=tuple(self.texts[i] for i in queries),
            vectors=self.vectors[list(queries)],
            offsets=np.cumsum([0, *map(len, pieces)], dtype=np.int64),
            relevant_texts=tuple(self.relevant_texts[p] for p in flat),
            relevant_rows=self.relevant_rows[flat],
            relevant_vectors=self.relevant_vectors[flat],
            taken=tuple(self.taken[i] for i in queries),
            views=tuple(
                View(view.index, view.vectors[list(queries)], view.relevant_vectors[flat])
                for view in self.views
            ),
        )


@dataclass
class PoolBuilder:
    """Builds pools over one index. `bare` compares the text without its title too."""

    index: Index
    emit: str
    guard: Guard = field(default_factory=Guard)

    def build(self, block: Block, candidates: Candidates) -> Pool:
        with one_thread():
            return self._build(block, candidates)

    def _build(self, block: Block, candidates: Candidates) -> Pool:
        rows = candidates.rows
        passages = self._passages(rows, block.relevant_rows)
        match, sibling = np.zeros(rows.shape, np.uint8), np.zeros(rows.shape, np.uint8)
        documents = np.zeros(rows.shape, np.uint64)
        to_relevant = np.empty((len(block.relevant_rows), rows.shape[1]), np.float32)
        relevant_scores = np.empty(len(block.relevant_rows), np.float32)
        for i in range(len(block)):
            mine = slice(int(block.offsets[i]), int(block.offsets[i + 1]))
            columns = np.flatnonzero(rows[i] != PADDING)
            known = block.relevant_rows[mine]
            ours = [passages[row] for row in rows[i, columns].tolist()]
            parents = [passages[row] for row in known.tolist() if row != PADDING]
            match[i, columns] = self._match(block, i, mine, ours, parents)
            match[i, columns[np.isin(rows[i, columns], known)]] = Match.SAME_ID
            documents[i, columns] = [zlib.crc32(document(passage.id).encode()) for passage in ours]
            sibling[i, columns] = self._siblings(ours, parents)
            to_relevant[mine] = cosines(self.index, block.relevant_vectors[mine], rows[i])
            relevant_scores[mine] = _dot(block.relevant_vectors[mine], block.vectors[i])
        return Pool(
            rows=rows,
            scores=candidates.scores,
            match=match,
            offsets=block.offsets,
            relevant_rows=block.relevant_rows,
            relevant_scores=relevant_scores,
            to_relevant=to_relevant,
            queries=block.vectors,
            relevant=block.relevant_vectors,
            spread=self.index.spread(block.vectors),
            relevant_spread=self.index.spread(block.relevant_vectors),
            sibling=sibling,
            documents=documents,
            keys=np.array([_hash(text) for text in block.texts], np.uint64),
            vectors=self.index.vectors,
            ranks=candidates.ranks,
        )

    def _passages(self, *rows: Int64) -> dict[int, Passage]:
        """The passages of all these rows, read together and folded together."""
        unique = np.unique(np.concatenate([each.ravel() for each in rows]))
        unique = unique[unique != PADDING]
        passages = self.index.passages(unique)
        fold_all(passage.text for passage in passages)
        return dict(zip(unique.tolist(), passages, strict=True))

    def _match(
        self, block: Block, i: int, mine: slice, ours: Sequence[Passage], parents: Sequence[Passage]
    ) -> UInt8:
        theirs = list(dict.fromkeys([*block.relevant_texts[mine], *(passage.text for passage in parents)]))
        codes = self.guard.match(block.texts[i], [passage.text for passage in ours], theirs, block.taken[i])
        if self.emit == "title-text":
            full = self.guard.match(block.texts[i], [p.encoded for p in ours], theirs, block.taken[i])
            codes = np.where(codes == Match.NONE, full, codes)
        return codes

    def _siblings(self, ours: Sequence[Passage], parents: Sequence[Passage]) -> UInt8:
        homes = {document(parent.id) for parent in parents}
        codes = np.zeros(len(ours), np.uint8)
        for i, passage in enumerate(ours):
            if (home := document(passage.id)) in homes:
                near = [folded(parent.text) for parent in parents if document(parent.id) == home]
                codes[i] = Sibling.OVERLAPPING if self._overlaps(passage, near) else Sibling.SAME_DOCUMENT
        return codes

    def _overlaps(self, passage: Passage, parents: Sequence[Folded]) -> bool:
        ours = folded(passage.text)
        common = self.guard.common([ours], parents)[:, 0]
        sizes = [max(1, min(len(ours.buckets), len(parent.buckets))) for parent in parents]
        return bool(np.any(common >= OVERLAP * np.array(sizes)))


def cosines(index: Index, vectors: Half, rows: Int64) -> Float32:
    """Exact cosines [N, K] of N vectors and the passages in K rows, -inf at padding."""
    out = np.full((len(vectors), len(rows)), -np.inf, np.float32)
    valid = np.flatnonzero(rows != PADDING)
    for start in range(0, len(valid), CHUNK):
        columns = valid[start : start + CHUNK]
        out[:, columns] = _dot(vectors, index.vectors(rows[columns]).T)
    return out


def seen_by(pool: Pool, view: View) -> Pool:
    """The same candidates with the similarities of another index over the same corpus."""
    scores, to_relevant = np.empty_like(pool.scores), np.empty_like(pool.to_relevant)
    relevant_scores = np.empty_like(pool.relevant_scores)
    for i, rows in enumerate(pool.rows):
        mine = slice(int(pool.offsets[i]), int(pool.offsets[i + 1]))
        scores[i] = cosines(view.index, view.vectors[i : i + 1], rows)[0]
        to_relevant[mine] = cosines(view.index, view.relevant_vectors[mine], rows)
        relevant_scores[mine] = _dot(view.relevant_vectors[mine], view.vectors[i])
    return replace(
        pool,
        scores=scores,
        relevant_scores=relevant_scores,
        to_relevant=to_relevant,
        queries=view.vectors,
        relevant=view.relevant_vectors,
        spread=view.index.spread(view.vectors),
        relevant_spread=view.index.spread(view.relevant_vectors),
        vectors=view.index.vectors,
    )


def _dot(a: Half, b: Half) -> Float32:
    """Exact in any order: products of fp16 numbers and their sums fit float64."""
    return np.asarray(a.astype(np.float64) @ b.astype(np.float64), np.float32)


def _hash(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return zlib.crc32(data) << 32 | zlib.crc32(data, 0x9E3779B9)
