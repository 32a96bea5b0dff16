"""The cap that would reach a wanted rate of false negatives.

Below any cap the sample of a stratum is still a random one of what is left of it (Cochran 1977, Sampling
Techniques, section 5A.14, domains), so the rate under each cap is estimated like that of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from miner.auditing.estimate import AuditRate, Count, stratified
from miner.auditing.sample import Stratum
from miner.data import Bool, Float64, Int64

CAPS = 200
"""Caps tried, at most: scores of judged negatives."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The drawn negatives that were judged yes or no: stratum, score and whether it is a false negative."""

    strata: Int64
    scores: Float64
    false: Bool


@dataclass(frozen=True, slots=True)
class Cap:
    """Negatives with a score up to `cap` have the rate; they are the share `kept` of all."""

    cap: float
    kept: float
    rate: AuditRate

    def record(self) -> dict[str, Any]:
        return {"cap": self.cap, "kept": round(self.kept, 6), **self.rate.record()}


def under(cap: float, strata: Sequence[Stratum], verdicts: Verdicts) -> Cap:
    """The rate of false negatives among those whose score is at most `cap`."""
    left = verdicts.scores <= cap
    counts = [
        Count(
            size=int(np.searchsorted(stratum.scores, cap, side="right")),
            judged=int(np.sum(left & (verdicts.strata == h))),
            false=int(np.sum(left & (verdicts.strata == h) & verdicts.false)),
        )
        for h, stratum in enumerate(strata)
    ]
    counts = [count for count in counts if count.size]
    total = sum(len(stratum.scores) for stratum in strata)
    return Cap(cap, sum(count.size for count in counts) / total, stratified(counts))


def reaching(target: float, strata: Sequence[Stratum], verdicts: Verdicts) -> tuple[Cap | None, Cap | None]:
    """The highest cap under which the estimated rate is at most `target`, and the highest under which the
    interval's upper end is; None where there is no such cap among the scores judged."""
    highest = max(stratum.high for stratum in strata)
    caps = np.unique(np.append(verdicts.scores, highest))
    if len(caps) > CAPS:
        caps = np.unique(np.quantile(caps, np.linspace(0, 1, CAPS), method="inverted_cdf"))
    tried = [under(float(cap), strata, verdicts) for cap in caps[::-1]]
    likely = next((each for each in tried if each.rate.rate is not None and each.rate.rate <= target), None)
    sure = next((each for each in tried if each.rate.high <= target), None)
    return likely, sure
