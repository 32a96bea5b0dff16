"""How much of what is nearest an approximate search finds."""

from __future__ import annotations

import numpy as np

from miner.data import PADDING, Int64

SAMPLE = 200


def sampled(queries: int) -> Int64:
    """Which of so many queries recall is measured on: up to SAMPLE, spread evenly."""
    return np.unique(np.linspace(0, queries - 1, min(SAMPLE, queries), dtype=np.int64))


def recall(exact: Int64, found: Int64) -> float:
    """Share of the exact nearest rows [Q, k] that is among those found [Q, k], to four decimals."""
    hits = sum(len(np.intersect1d(a, b[b != PADDING])) for a, b in zip(exact, found, strict=True))
    return round(hits / max(1, int(np.sum(exact != PADDING))), 4)
