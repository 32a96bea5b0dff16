"""Which negatives are judged: a stratified random sample, denser near the cap.

Strata are bins of the score by quantiles that narrow towards the cap, where false negatives lie. Three
draws of four go where one more narrows the total most, the fourth to the stratum with fewest draws, so that
every stratum gets a rate of its own. The first rule is Neyman's optimum allocation (Neyman 1934,
J. R. Stat. Soc. 97; integer by integer as in Wright 2012, The American Statistician 66), with the mean
estimated risk of a stratum as its expected rate.

Within a stratum negatives come in the order of a seeded hash. So the sample is the beginning of one fixed
sequence: stopping early leaves a valid sample, and a larger one contains the smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from miner.auditing.population import Population
from miner.data import Float64, Int64

QUANTILES = (0.5, 0.8, 0.95)
LEAST_RISK, MOST_RISK = 0.05, 0.5
"""Estimated risks are held to these when draws are allotted: no stratum counts as known beforehand."""
EVEN = 4
"""Every so many draws one goes to the stratum that has fewest."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """The negatives whose score lies above that of the stratum before and up to `high`."""

    low: float
    high: float
    members: Int64
    """[N_h] in the order of drawing."""
    scores: Float64
    """[N_h] sorted."""
    expected: float
    """Rate of false negatives guessed beforehand."""


def stratify(population: Population) -> list[Stratum]:
    """Strata from the safest to the nearest to the cap; negatives of equal score are in one stratum."""
    scores = population.scores
    edges = np.unique(np.quantile(scores, QUANTILES, method="inverted_cdf"))
    bins = np.searchsorted(edges, scores, side="left")
    return [
        _stratum(population, np.flatnonzero(bins == each)) for each in range(len(edges) + 1) if each in bins
    ]


def _stratum(population: Population, members: Int64) -> Stratum:
    scores = np.sort(population.scores[members])
    guess = float(scores.mean()) if population.scale == "risk" else MOST_RISK
    return Stratum(
        low=float(scores[0]),
        high=float(scores[-1]),
        members=members[np.lexsort((members, population.keys[members]))],
        scores=scores,
        expected=min(max(guess, LEAST_RISK), MOST_RISK),
    )


def draw(strata: Sequence[Stratum], size: int) -> list[tuple[int, int]]:
    """(stratum, member) of each draw, in the order in which they are to be judged; all if `size` is 0 or
    more than there are."""
    sizes = [len(stratum.members) for stratum in strata]
    weights = [n * (s.expected * (1 - s.expected)) ** 0.5 for n, s in zip(sizes, strata, strict=True)]
    size = min(size or sum(sizes), sum(sizes))
    drawn, sequence = [0] * len(strata), list[tuple[int, int]]()
    while len(sequence) < size:
        left = [h for h in range(len(strata)) if drawn[h] < sizes[h]]
        if len(sequence) % EVEN:
            chosen = max(left, key=lambda h: weights[h] / (drawn[h] * (drawn[h] + 1) or 0.25) ** 0.5)
        else:
            chosen = min(left, key=lambda h: (drawn[h], -h))
        sequence.append((chosen, int(strata[chosen].members[drawn[chosen]])))
        drawn[chosen] += 1
    return sequence
