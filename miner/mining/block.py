"""Queries on their way through the stages, many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from miner.data import Half, Int64
from miner.index import Index


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

    def key(self) -> tuple[Any, ...]:
        """All that the block holds, views aside, for the Memo."""
        return (
            self.texts,
            self.vectors,
            self.offsets,
            self.relevant_texts,
            self.relevant_rows,
            self.relevant_vectors,
            *self.taken,
        )

    @property
    def seen(self) -> list[Half]:
        """Vectors [Q, d] of the queries, as the encoder of each index sees them."""
        return [self.vectors, *(view.vectors for view in self.views)]

    def relevant(self, query: int) -> slice:
        """Where the query's relevant passages stand on the P axis."""
        return slice(int(self.offsets[query]), int(self.offsets[query + 1]))

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
