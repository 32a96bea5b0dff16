"""The rate of false negatives from a stratified sample of judgments, with its 95 % interval.

By stratum: the score interval of Wilson 1927 (J. Am. Stat. Assoc. 22), its size corrected for drawing
without replacement (Cochran 1977, Sampling Techniques, section 2.6) and widened to whole negatives, so that
a stratum judged to the end is known exactly. In total: the stratified estimator (Cochran, section 5.3) and,
from the strata's Wilson limits, the interval of Zou, Huang & Zhang 2009 ("A note on confidence interval
estimation for a linear function of binomial proportions", Comput. Stat. Data Anal. 53): each limit is as far
from the estimate as the root of the sum of the squared weighted distances in the strata. Where no false
negative is found it still has a width, unlike the usual one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from miner.judgments.wilson import wilson


@dataclass(frozen=True, slots=True)
class AuditRate:
    """A share in [0, 1] with the ends of its 95 % interval; None where nothing was judged."""

    rate: float | None
    low: float
    high: float

    def record(self) -> dict[str, float | None]:
        rate = None if self.rate is None else round(self.rate, 6)
        return {"rate": rate, "low": round(self.low, 6), "high": round(self.high, 6)}


@dataclass(frozen=True, slots=True)
class Count:
    """Of `size` negatives `judged` were drawn at random and judged, `false` of them false negatives."""

    size: int
    judged: int
    false: int

    def rate(self) -> AuditRate:
        """The stratum's rate with its Wilson interval."""
        if not self.judged:
            return AuditRate(None, 0.0, 1.0)
        share, left = self.false / self.judged, self.size - self.judged
        if not left:
            return AuditRate(share, share, share)
        effective = self.judged * (self.size - 1) / left
        low, high = wilson(share, effective)
        fewest, most = self.false, self.false + left
        return AuditRate(
            share,
            min(max(math.floor(low * self.size), fewest) / self.size, share),
            max(min(math.ceil(high * self.size), most) / self.size, share),
        )


def stratified(counts: Sequence[Count]) -> AuditRate:
    """The rate over all strata. A stratum without judgments may have any rate: it counts as 0 in the
    interval's lower end, as 1 in its upper, and not in the estimate."""
    total = sum(count.size for count in counts)
    known = [count for count in counts if count.judged]
    if not known:
        return AuditRate(None, 0.0, 1.0)
    return combined([count.size for count in known], [count.rate() for count in known], total)


def combined(sizes: Sequence[int], rates: Sequence[AuditRate], total: int) -> AuditRate:
    """The rate over strata of these sizes with these rates; what is left of `total` may have any rate."""
    weights = [size / total for size in sizes]
    estimate = sum(w * (r.rate or 0.0) for w, r in zip(weights, rates, strict=True))
    below = math.sqrt(sum((w * ((r.rate or 0.0) - r.low)) ** 2 for w, r in zip(weights, rates, strict=True)))
    above = math.sqrt(sum((w * (r.high - (r.rate or 0.0))) ** 2 for w, r in zip(weights, rates, strict=True)))
    covered = sum(weights)
    return AuditRate(
        min(max(estimate / covered, 0.0), 1.0),
        max(estimate - below, 0.0),
        min(estimate + above + 1.0 - covered, 1.0),
    )
