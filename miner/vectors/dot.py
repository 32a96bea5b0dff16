"""Dot products that come out the same in any order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from miner.data import PADDING, Float32, Half, Int64

CHUNK = 4096
"""Candidates of one query whose vectors are held in float64 at once."""


def dot(a: Half, b: Half) -> Float32:
    """Exact in any order: products of fp16 numbers and their sums fit float64."""
    return np.asarray(a.astype(np.float64) @ b.astype(np.float64), np.float32)


def cosines(take: Callable[[Int64], Half], vectors: Half, rows: Int64) -> Float32:
    """Exact cosines [N, K] of N vectors and the passages in K rows, -inf at padding. `take` gives the
    vectors of rows.
    """
    out = np.full((len(vectors), len(rows)), -np.inf, np.float32)
    valid = np.flatnonzero(rows != PADDING)
    for start in range(0, len(valid), CHUNK):
        columns = valid[start : start + CHUNK]
        out[:, columns] = dot(vectors, take(rows[columns]).T)
    return out
