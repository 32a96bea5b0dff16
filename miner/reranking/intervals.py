"""Is a difference between two models real? Paired bootstrap over clusters of queries.

Queries that share relevant passages are not independent, so whole clusters are drawn: Efron & Tibshirani
1993, "An Introduction to the Bootstrap" (percentile interval); for paired comparisons of systems see
Sakai 2006, "Evaluating evaluation metrics based on the bootstrap".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from miner.data import Float64, Int64, Row
from miner.splitting.ties import Ties

SAMPLES = 10_000
LEVEL = 0.95
FEWEST = 5
"""Clusters below which nothing can be said."""
_BLOCK = 500


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean difference with the ends of its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """'gain' or 'loss' only when the interval lies wholly on that side of zero."""
        if self.low > 0:
            return "gain"
        return "loss" if self.high < 0 else "no difference shown"

    def __str__(self) -> str:
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"

    def record(self) -> dict[str, Any]:
        return {
            "change": round(self.mean, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
            "verdict": self.verdict,
        }


def clusters(queries: Sequence[str], relevant: Sequence[Sequence[str]]) -> Int64:
    """Cluster numbers of queries, int64 [Q]: the same query or a shared relevant passage joins two."""
    rows = (Row(query, tuple(texts)) for query, texts in zip(queries, relevant, strict=True))
    parts = Ties.of(rows).components(None, 1.0)
    return parts.of_query[parts.query_of]


def paired(before: Float64, after: Float64, cluster: Int64, seed: int = 0) -> list[Interval]:
    """The mean of after - before for each metric with its interval. before, after: [Q, metrics], in [0, 1].

    With fewer than FEWEST clusters the interval is all that is possible, [-1, 1].
    """
    change = after - before
    count = int(cluster.max()) + 1
    if count < FEWEST:
        return [Interval(float(mean), -1.0, 1.0) for mean in change.mean(axis=0)]
    sums = np.zeros((count, change.shape[1]), np.float64)
    np.add.at(sums, cluster, change)
    sizes = np.bincount(cluster, minlength=count).astype(np.float64)
    random = np.random.default_rng(seed)
    even = np.full(count, 1 / count)
    means = np.empty((SAMPLES, change.shape[1]), np.float64)
    for start in range(0, SAMPLES, _BLOCK):
        drawn = random.multinomial(count, even, size=min(_BLOCK, SAMPLES - start)).astype(np.float64)
        means[start : start + len(drawn)] = (drawn @ sums) / (drawn @ sizes)[:, None]
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return [Interval(*map(float, parts)) for parts in zip(change.mean(axis=0), low, high, strict=True)]
