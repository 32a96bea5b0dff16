"""What estimates are worth on labelled candidates: estimated against observed, and what caps let through."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from miner.calibrating.calibration import Bin, Point
from miner.calibrating.labels import LabelledPools
from miner.calibrating.rates import rate
from miner.data import Float64
from miner.risk.model import probability

EDGES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
LOGITS = np.arange(-9.0, 11.01, 0.25)
"""Log odds of the caps that are tried."""
FEWEST = 20
"""Negatives below which a cap's leak is not looked at."""


def curve(estimated: Float64, evidence: LabelledPools, n: int) -> tuple[Point, ...]:
    """What mining the n hardest lets through, cap by cap. Where only some of them are known, their share is carried
    over to the others in the ratio of the mean estimates (Cochran 1977, Sampling Techniques, chapter 6)."""
    points = []
    for cap in [*probability(LOGITS).tolist(), 1.0]:
        allowed = evidence.allowed & (estimated <= cap)
        chosen = allowed & (np.cumsum(allowed, axis=1) <= n)
        counted = chosen & evidence.known
        counts = counted.sum(axis=1).astype(np.float64)
        if counts.sum() >= FEWEST:
            hits = (counted & evidence.answers).sum(axis=1).astype(np.float64)
            others = float(estimated[chosen].mean() / estimated[counted].mean())
            leak = rate(hits, counts, further=True).times(others)
            points.append(Point(cap, leak, float(chosen.sum() / (n * len(counts)))))
    return tuple(points)


def reliability(estimated: Float64, evidence: LabelledPools) -> tuple[Bin, ...]:
    """Estimated against observed, over all candidates of which it is known."""
    bins = []
    for low, high in pairwise(EDGES):
        inside = evidence.counted & (estimated > low) & (estimated <= high)
        if inside.any():
            hits = (inside & evidence.answers).sum(axis=1).astype(np.float64)
            observed = rate(hits, inside.sum(axis=1).astype(np.float64))
            bins.append(Bin(float(estimated[inside].mean()), observed))
    return tuple(bins)
