"""Rates with intervals, where the counted things come in clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from miner.data import Float64
from miner.judgments.wilson import wilson as wilson


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of `count` things, and in what share; `low` and `high` bound it at 95 %."""

    count: int
    rate: float
    low: float
    high: float

    def times(self, factor: float) -> Rate:
        """Carried over to things that are expected to hit `factor` times as often."""
        share, low, high = (min(1.0, each * factor) for each in (self.rate, self.low, self.high))
        return Rate(self.count, share, low, high)


def rate(hits: Float64, counts: Float64, further: bool = False) -> Rate:
    """The rate of hits among things counted by cluster [Q].

    Wilson's interval (1927) for as many independent things as the clusters are worth: the design effect is
    the ratio of the variance between clusters to that of independent draws (Kish 1965). `further` asks for
    the rate that the same procedure, fitted anew, finds among as many things from other clusters: it varies
    with both samples and with the fit, taken as three times as much.
    """
    total, wrong = float(counts.sum()), float(hits.sum())
    if total == 0:
        return Rate(0, 0.0, 0.0, 1.0)
    share = wrong / total
    between = float(np.sum((hits - share * counts) ** 2))
    independent = share * (1 - share) * total
    worth = total / max(1.0, between / independent if independent > 0 else 1.0)
    worth = max(worth / 3 if further else worth, 1e-9)
    low, high = wilson(share, worth)
    return Rate(int(total), share, 0.0 if wrong == 0 else low, 1.0 if wrong == total else high)
