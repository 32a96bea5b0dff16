"""A few answers by people and a judge's on the whole draw: an unbiased rate with a narrower interval.

Prediction-powered inference (Angelopoulos et al. 2023, Science 382; with the weight of PPI++, arXiv 2311.01453)
for a share, which is regression estimation in double sampling (Cochran 1977, Sampling Techniques, sections 12.6
and 12.7): what people found, corrected by the difference between what the judge says of all and of those. However
the judge errs, the estimate is as unbiased as that of people alone; the better it agrees with them (φ), the
narrower the interval, by √(1 - φ²) if the judge's draw is large. The interval is Wilson's, for as many answers as
the people's are worth then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from miner.auditing.estimate import AuditRate, Count, combined, stratified
from miner.data import Bool
from miner.judgments import Verdict
from miner.judgments.wilson import wilson

FEWEST = 20
"""Answers by people below which the judge's agreement cannot be told."""
LEAST_GAIN = 0.02
"""A judge that narrows the interval's square by less than this share is left out."""
HALF = 0.5
"""Added to each cell when the agreement is estimated, which keeps it below what a few lucky answers show."""


@dataclass(frozen=True, slots=True)
class AssistedStratum:
    """Of `size` negatives the judge judged `judge` [n], and people the first m of these: `people` [m]."""

    size: int
    judge: Bool
    people: Bool


@dataclass(frozen=True)
class AssistedRate:
    """The rate by people and judge together, that by people alone, and how well the two agree; `helps` is
    False where the judge was left out and both rates are one."""

    rate: AuditRate
    people: AuditRate
    agreement: float
    """φ within strata."""
    helps: bool
    asked: int
    judged: int

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            **self.rate.record(),
            "people_alone": self.people.record(),
            "agreement": round(self.agreement, 4),
            "helps": self.helps,
            "judged_by_people": self.asked,
            "judged_by_judge": self.judged,
        }


def strata_of(
    sizes: Sequence[int],
    draws: Sequence[tuple[int, int]],
    people: Sequence[Verdict | None],
    judge: Sequence[Verdict | None],
) -> list[AssistedStratum]:
    """Strata of `sizes` from draws (stratum, member) with what people and the judge said of each, None where
    they said nothing. Where people are unsure they count as not asked; where the judge is, as its no."""
    found = []
    for h, size in enumerate(sizes):
        own = [(p, j) for (d, _), p, j in zip(draws, people, judge, strict=True) if d == h and j is not None]
        own.sort(key=lambda pair: pair[0] not in ("answers", "no"))
        settled = [p == "answers" for p, _ in own if p in ("answers", "no")]
        judged = np.array([j == "answers" for _, j in own], np.bool_)
        found.append(AssistedStratum(size, judged, np.array(settled, np.bool_)))
    return found


def assisted(strata: Sequence[AssistedStratum]) -> AssistedRate:
    """The rate of false negatives in all strata together."""
    alone = stratified([Count(s.size, len(s.people), int(s.people.sum())) for s in strata])
    asked, judged = sum(len(s.people) for s in strata), sum(len(s.judge) for s in strata)
    slope, agreement = _agreement(strata)
    gain = agreement**2 * (1 - asked / max(judged, 1))
    if asked < FEWEST or gain < LEAST_GAIN:
        return AssistedRate(alone, alone, agreement, False, asked, judged)
    known = [stratum for stratum in strata if len(stratum.people)]
    rates = [_rate(stratum, slope, agreement) for stratum in known]
    rate = combined([s.size for s in known], rates, sum(s.size for s in strata))
    return AssistedRate(rate, alone, agreement, True, asked, judged)


def _agreement(strata: Sequence[AssistedStratum]) -> tuple[float, float]:
    """The weight of the judge's answers, and φ: both over deviations from the strata's means, so that what
    strata differ by counts for neither."""
    people, judge = [], []
    for stratum in strata:
        if len(stratum.people) > 1:
            said = stratum.judge[: len(stratum.people)].astype(np.float64)
            people.append(stratum.people - stratum.people.mean())
            judge.append(said - said.mean())
    if not people:
        return 0.0, 0.0
    y, f = np.concatenate(people), np.concatenate(judge)
    both, own, other = _prior(strata)
    covariance, of_people, of_judge = y @ f + both, y @ y + own, f @ f + other
    if of_people <= 0 or of_judge <= 0:
        return 0.0, 0.0
    agreement = covariance / math.sqrt(of_people * of_judge)
    return max(0.0, float(covariance / of_judge)), float(min(max(agreement, 0.0), 0.999))


def _prior(strata: Sequence[AssistedStratum]) -> tuple[float, float, float]:
    """What half an answer in each of the four cells adds to covariance and variances."""
    y = np.concatenate([stratum.people for stratum in strata]).astype(np.float64)
    f = np.concatenate([stratum.judge[: len(stratum.people)] for stratum in strata]).astype(np.float64)
    added = [(a - y.mean(), b - f.mean()) for a in (0.0, 1.0) for b in (0.0, 1.0)]
    products = (HALF * np.array([[a * b, a * a, b * b] for a, b in added])).sum(axis=0)
    return float(products[0]), float(products[1]), float(products[2])


def _rate(stratum: AssistedStratum, slope: float, agreement: float) -> AuditRate:
    size, asked, judged = stratum.size, len(stratum.people), len(stratum.judge)
    share = float(stratum.people.mean())
    if asked == size:
        return AuditRate(share, share, share)
    difference = float(stratum.judge.mean() - stratum.judge[:asked].mean())
    estimate = share + slope * difference
    per_answer = (1 - agreement**2) * (1 / asked - 1 / size) + agreement**2 * (1 / judged - 1 / size)
    held = min(max(estimate, 0.0), 1.0)
    low, high = wilson(held, 1 / max(per_answer, 1e-12))
    fewest = int(stratum.people.sum()) / size
    most = 1 - int((~stratum.people).sum()) / size
    return AuditRate(estimate, min(max(low, fewest), estimate), max(min(high, most), estimate))
