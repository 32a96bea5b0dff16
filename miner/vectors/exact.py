"""Exact search whose result does not depend on blocks, shards, threads or the order of anything.

faiss finds candidates in float32, whose last bits depend on blocking. A few more than asked for are
therefore fetched and scored again in float64: the products of fp16 numbers are multiples of 2^-48, and
for unit vectors they add up below 2, so float64 sums are exact in any order. Where the float32 error
bound cannot rule out that a passage was missed, the query is scored against everything in float64.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from miner.data import PADDING, Float32, Float64, Half, Int64
from miner.vectors.threads import single_threaded_blas

MAX_MEMORY = 2**29
OVERFETCH = 16
GATHER = 2**17
"""Numbers that are scored again at once."""
ROWS = 2**13
"""Rows that are ranked by exact score at once."""
QUERIES, MAX_THREADS = 256, 8
"""Queries that a thread scores again at once, and such threads."""

Take = Callable[[Int64], Half | Float32]


class Vectors(Protocol):
    """fp16 unit rows [n, dim], on disk or in memory."""

    @property
    def dim(self) -> int: ...
    def __len__(self) -> int: ...
    def take(self, rows: Int64) -> Half:
        """[len(rows), dim]"""

    def blocks(self, rows: int) -> Iterator[tuple[int, Half]]:
        """First row and vectors of consecutive blocks of at most `rows` rows."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """rows int64 and exact scores float64 [Q, k]: by falling score, ties by row; PADDING and -inf behind."""

    rows: Int64
    scores: Float64

    def shifted(self, start: int) -> Nearest:
        """The same in rows of a corpus in which this part begins at row `start`."""
        return Nearest(np.where(self.rows == PADDING, PADDING, self.rows + start), self.scores)


def search(vectors: Vectors, queries: Half, k: int, max_memory: int = MAX_MEMORY) -> Nearest:
    """The k nearest rows of each query by inner product. Memory beside the result stays near
    `max_memory` bytes.
    """
    kept = min(k, len(vectors))
    per_query = 12 * vectors.dim + 96 * (kept + OVERFETCH)
    half = max_memory // 2
    step = max(1, half // per_query)
    found = Nearest(
        np.full((len(queries), k), PADDING, np.int64), np.full((len(queries), k), -np.inf, np.float64)
    )
    for start in range(0, len(queries) if kept else 0, step):
        part = slice(start, start + step)
        near = _search(vectors, queries[part], kept, half)
        found.rows[part, :kept], found.scores[part, :kept] = near.rows, near.scores
    return found


def merge(a: Nearest, b: Nearest, k: int) -> Nearest:
    """The k best of both. Associative and commutative: the parts of a corpus may come in any order."""
    rows, scores = np.concatenate([a.rows, b.rows], axis=1), np.concatenate([a.scores, b.scores], axis=1)
    return _ranked(rows, scores, k)


def nearest_of(vectors: Vectors, queries: Half, rows: Int64, k: int) -> Nearest:
    """The k nearest among some rows [Q, any] of each query, PADDING behind where there are fewer."""
    rows = np.take_along_axis(rows, np.argsort(rows == PADDING, axis=1, kind="stable"), 1)
    near = _ranked(rows, rescore(lambda: vectors.take, queries, rows), k)
    missing = ((0, 0), (0, k - near.rows.shape[1]))
    return Nearest(
        np.pad(near.rows, missing, constant_values=PADDING),
        np.pad(near.scores, missing, constant_values=-np.inf),
    )


def _search(vectors: Vectors, queries: Half, k: int, memory: int) -> Nearest:
    fetch = k + OVERFETCH + k // 16
    if fetch >= len(vectors):
        return _search_all(vectors, queries, k, memory)
    block = max(1, memory // (8 * vectors.dim))
    rows, approximate, held = _fetch(vectors, queries, fetch, block)
    error = error_bound(vectors.dim)
    # The k-th best exact score is at least the k-th float32 score less the error: what is further below
    # cannot enter. What was not fetched scored at most as high in float32 as the last that was.
    floor, worst = approximate[:, -1].astype(np.float64), approximate[:, k - 1 : k].astype(np.float64)
    rows[approximate < worst - 2 * error] = PADDING
    if held is None:
        near = _ranked(*_rescored_by_blocks(vectors, queries, rows, block), k)
    else:
        near = _ranked(rows, rescore(partial(_taking, held), queries, rows), k)
    doubtful = near.scores[:, -1] <= floor + error
    if doubtful.any():
        again = _search_all(vectors, queries[doubtful], k, memory)
        near.rows[doubtful], near.scores[doubtful] = again.rows, again.scores
    return near


def error_bound(dim: int) -> float:
    """How far a float32 inner product of fp16 unit rows can be off. The products are exact; the d - 1 sums
    err by at most 2^-24 of the sum of absolute products, which is at most 1 (1.02 with rounded lengths).
    """
    return 1.02 * dim * 2.0**-24


def _fetch(vectors: Vectors, queries: Half, k: int, block: int) -> tuple[Int64, Float32, Float32 | None]:
    """Rows and float32 scores [Q, k] of the k best by float32, best first; and all vectors in float32 if
    they made up one block.
    """
    import faiss

    wide, whole = queries.astype(np.float32), None
    best_rows, best = np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
    for start, part in vectors.blocks(block):
        held = widened(part)
        scores, rows = faiss.knn(wide, held, min(k, len(part)), metric=faiss.METRIC_INNER_PRODUCT)
        rows += start
        if start:
            rows, scores = np.concatenate([best_rows, rows], axis=1), np.concatenate([best, scores], axis=1)
            order = np.argsort(-scores, axis=1)[:, :k]
            rows, scores = np.take_along_axis(rows, order, 1), np.take_along_axis(scores, order, 1)
        best_rows, best = rows, scores
        whole = held if len(held) == len(vectors) else None
        del part, held
    return best_rows, best, whole


def widened(part: Half) -> Float32:
    """fp16 to fp32, with all threads."""
    import faiss

    codec = faiss.ScalarQuantizer(part.shape[1], faiss.ScalarQuantizer.QT_fp16)
    wide: Float32 = codec.decode(np.ascontiguousarray(part).view(np.uint8))
    return wide


def rescore(taking: Callable[[], Take], queries: Half, rows: Int64) -> Float64:
    """Exact scores [Q, k] of the rows [Q, k] of each query, -inf for PADDING, which comes last. `taking`
    makes, for each thread, a function from rows to their vectors.
    """
    from faiss import omp_get_max_threads

    scores = np.full(rows.shape, -np.inf, np.float64)
    width = max(1, min(rows.shape[1], GATHER // queries.shape[1]))

    def work(part: slice) -> None:
        take, room = taking(), np.empty((width, queries.shape[1]), np.float64)
        for query, ours, out in zip(queries[part].astype(np.float64), rows[part], scores[part], strict=True):
            count = int(np.count_nonzero(ours != PADDING))
            for left in range(0, count, width):
                right = min(left + width, count)
                found = room[: right - left]
                found[:] = take(ours[left:right])
                np.matmul(found, query, out=out[left:right])

    with single_threaded_blas(), ThreadPoolExecutor(min(omp_get_max_threads(), MAX_THREADS)) as pool:
        parts = (slice(start, start + QUERIES) for start in range(0, len(rows), QUERIES))
        deque(pool.map(work, parts), maxlen=0)
    return scores


def _rescored_by_blocks(vectors: Vectors, queries: Half, rows: Int64, block: int) -> tuple[Int64, Float64]:
    """Rows and exact scores [Q, k] in another order, by reading the vectors once from first to last."""
    rows = np.sort(np.where(rows == PADDING, np.iinfo(np.int64).max, rows), axis=1)
    scores = np.full(rows.shape, -np.inf, np.float64)
    for start, part in vectors.blocks(block):
        left, right = (np.count_nonzero(rows < edge, axis=1) for edge in (start, start + len(part)))
        columns = left[:, None] + np.arange(int((right - left).max()))
        inside = columns < right[:, None]
        query, column = np.nonzero(inside)[0], columns[inside]
        local = np.full(columns.shape, PADDING, np.int64)
        local[inside] = rows[query, column] - start
        scores[query, column] = rescore(partial(_reading, part), queries, local)[inside]
    return np.where(scores == -np.inf, PADDING, rows), scores


def _reading(part: Half) -> Take:
    return lambda rows: part[rows]


def _taking(held: Float32) -> Take:
    """Gives vectors in memory that is used again by the next call."""
    room = np.empty((GATHER // held.shape[1] + 1, held.shape[1]), np.float32)
    return lambda rows: np.take(held, rows, axis=0, out=room[: len(rows)], mode="clip")


def _search_all(vectors: Vectors, queries: Half, k: int, memory: int) -> Nearest:
    """Score everything in float64: for the few queries with many ties, and for corpora of few passages."""
    wide = queries.astype(np.float64)
    best = Nearest(np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0)))
    fitting = memory // (48 * len(queries) + 16 * vectors.dim)
    for start, part in vectors.blocks(max(1, min(fitting, ROWS))):
        scores = wide @ part.astype(np.float64).T
        columns = _leading(scores, min(k, len(part)))
        best = merge(best, Nearest(columns + start, np.take_along_axis(scores, columns, 1)), k)
    return best


def _leading(scores: Float64, k: int) -> Int64:
    """Columns of the k best of each line, ties by column, in no order. At most ROWS columns: score and
    column are one whole number, 50 bits of multiples of 2^-48 and 13 bits of column.
    """
    place = ((scores * 2.0**48).astype(np.int64) << 13) - np.arange(scores.shape[1])
    return np.argpartition(-place, k - 1, axis=1)[:, :k]


def _ranked(rows: Int64, scores: Float64, k: int) -> Nearest:
    order = np.lexsort((rows, -scores), axis=1)[:, :k]
    return Nearest(np.take_along_axis(rows, order, 1), np.take_along_axis(scores, order, 1))
