"""The opened shards of an index, memory-mapped; the latest few stay open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa

from miner.data import Half, Int64
from miner.index import keys
from miner.index.ingest import ALIASES, PASSAGES
from miner.index.manifest import Shard
from miner.storage.place import Place
from miner.storage.sealed import lengths_of, open_array, open_table, peek_table, release

OPEN = 64
MANY = 64
"""Rows that are taken at once from which on the shard's pages are let go again: they may be all there are."""


class Shards:
    """Shards of an index, all or some: each by number, their vectors as one array (a search.Vectors)."""

    def __init__(self, place: Place, shards: Sequence[Shard], dim: int) -> None:
        self.place, self.shards, self.dim = place, shards, dim
        self.starts = np.cumsum([0, *(shard.rows for shard in self.shards)], dtype=np.int64)
        self.passages = lru_cache(OPEN)(self._passages)
        self.aliases = lru_cache(OPEN)(self._aliases)
        self.keys = lru_cache(OPEN)(self._keys)
        self.vectors = lru_cache(OPEN)(self._vectors)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def split(self, rows: Int64) -> Iterator[tuple[int, Int64, Int64]]:
        """For each shard that holds some of the rows: its number, their positions, their rows in the shard.

        Raises IndexError for a row that is not in the index, such as PADDING.
        """
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"rows {rows.min()}..{rows.max()} of an index of {len(self)} passages")
        shards = np.searchsorted(self.starts, rows, "right") - 1
        order = np.argsort(shards, kind="stable")
        edges = np.flatnonzero(np.diff(shards[order])) + 1
        for positions in np.split(order, edges) if len(rows) else ():
            number = int(shards[positions[0]])
            yield number, positions, rows[positions] - self.starts[number]

    def take(self, rows: Int64) -> Half:
        out = np.empty((len(rows), self.dim), np.float16)
        for number, positions, local in self.split(rows):
            out[positions] = self.vectors(number)[local]
            if len(rows) >= MANY:
                release(self.vectors(number))
        return out

    def lengths(self, rows: Int64) -> Int64:
        """Bytes of each row's text, which is not read."""
        out = np.empty(len(rows), np.int64)
        for number, positions, local in self.split(rows):
            out[positions] = lengths_of(self.passages(number), "text", local)
        return out

    def blocks(self, rows: int) -> Iterator[tuple[int, Half]]:
        """Consecutive vectors with the row of the first; what was read stays mapped only until the next."""
        for start in range(0, len(self), rows):
            stop = min(start + rows, len(self))
            pieces = list(self._pieces(start, stop))
            yield start, pieces[0] if len(pieces) == 1 else self._joined(pieces)
            release(pieces[0])

    def _joined(self, pieces: Sequence[Half]) -> Half:
        out = np.empty((sum(map(len, pieces)), self.dim), np.float16)
        start = 0
        for piece in pieces:
            out[start : start + len(piece)] = piece
            start += len(piece)
            release(piece)
        return out

    def _pieces(self, start: int, stop: int) -> Iterator[Half]:
        first = int(np.searchsorted(self.starts, start, "right")) - 1
        while start < stop:
            begin = int(self.starts[first])
            piece = self.vectors(first)[start - begin : stop - begin]
            yield piece
            start, first = start + len(piece), first + 1

    def check(self, number: int) -> None:
        """Look at the headers of a shard's files. Raises IndexCorrupt."""
        shard = self.shards[number]
        peek_table(self.place.path(shard.passages), PASSAGES, shard.rows)
        peek_table(self.place.path(shard.aliases), ALIASES, shard.ids - shard.rows)
        self.keys(number)
        self.vectors(number)

    def _passages(self, number: int) -> pa.RecordBatch:
        shard = self.shards[number]
        return open_table(self.place.path(shard.passages), PASSAGES, shard.rows)

    def _aliases(self, number: int) -> pa.RecordBatch:
        shard = self.shards[number]
        return open_table(self.place.path(shard.aliases), ALIASES, shard.ids - shard.rows)

    def _keys(self, number: int) -> keys.Hashes:
        shard = self.shards[number]
        return open_array(self.place.path(shard.keys), np.uint64, (2, shard.ids + 2 * shard.rows))

    def _vectors(self, number: int) -> Half:
        shard = self.shards[number]
        return open_array(self.place.path(shard.vectors), np.float16, (shard.rows, self.dim))
