"""Priced: hardness against risk, weighed up candidate by candidate instead of cut off by a cap.

The negatives of highest total hardness for a given total cost maximise, one by one, hardness less a price times
cost (Everett 1963, generalised Lagrange multipliers). The cost of a candidate is its odds of being a false
negative over those of an ordinary candidate of the same query: how many answers a corpus holds that nobody
labelled multiplies all odds by a constant, which no estimate knows and which drops out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import KEPT, RISK, Bool, Float64, Int64, Pool, Selection, UInt8
from miner.errors import ConfigError
from miner.filters.riskiest import compared
from miner.selectors.base import lay_out
from miner.spec import Spec

ORDINARY = 0.25
"""The share of a query's first candidates that is no riskier than an ordinary one: a quarter, so that a query most
of whose candidates answer does not take these for ordinary."""
FURTHEST = 8.0
"""Deviations beyond which the standing of a relevant passage counts no more."""
SUREST, LEAST = 1 - 1e-6, 0.5e-6
"""Risks are given at six decimals: nothing is known beyond these."""
_TINY = 1e-6


@dataclass(frozen=True, repr=False)
class RiskPenalty(Spec):
    """Chooses the kept candidates of highest s(q,c) / σ - price · (odds / ordinary odds) · exp(-z): σ is the standard
    deviation of the query's similarities to the whole corpus, and z by how many σ the relevant passage (the best of
    several) lies nearer to the query than the mean candidate. At price 0.1 and z = 0 a candidate with ten times the
    ordinary odds is taken if it lies one σ nearer than an ordinary one. Price 0 is top().
    """

    name: ClassVar[str] = "priced"
    reason: ClassVar[str] = "hard for the risk they bear"
    needs: ClassVar[frozenset[str]] = frozenset({RISK})
    price: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.price < np.inf:
            raise ConfigError(f"priced: price is {self.price}; expected 0 or more")

    def choose(self, pool: Pool, verdicts: UInt8, n: Int64, seed: int) -> Selection:
        order = np.argsort(np.where(verdicts == KEPT, -self.worth(pool), np.inf), axis=1, kind="stable")
        wanted = np.minimum(n, np.sum(verdicts == KEPT, axis=1)).tolist()
        return lay_out((np.sort(line[:count]) for line, count in zip(order, wanted, strict=True)), n)

    def worth(self, pool: Pool) -> Float64:
        """[Q, K] what candidates are worth, in deviations; -inf at padding. Raises ConfigError without risks."""
        if pool.risk is None:
            raise ConfigError("priced() needs a pool with risks; score it with a RiskModel first")
        among = compared(pool)
        spread = np.maximum(pool.spread(pool.queries)[:, 1].astype(np.float64), _TINY)[:, None]
        risk = np.clip(pool.risk.astype(np.float64), LEAST, SUREST)
        odds = risk / (1 - risk)
        cost = odds / _ordinary(odds, among) * np.exp(-_standing(pool, among, spread))
        return np.asarray(pool.scores / spread - self.price * cost)


def _ordinary(odds: Float64, among: Bool) -> Float64:
    """[Q, 1] the odds that a quarter of those `among` [Q, K] do not exceed; 1 where there is none."""
    rising = np.sort(np.where(among, odds, np.inf), axis=1)
    place = (np.maximum(among.sum(axis=1) - 1, 0) * ORDINARY).astype(np.int64)
    found = np.take_along_axis(rising, place[:, None], axis=1)
    return np.asarray(np.where(np.isfinite(found), found, 1.0))


def _standing(pool: Pool, among: Bool, spread: Float64) -> Float64:
    """[Q, 1] by how many deviations the relevant passage lies nearer than the mean of those `among`."""
    known = pool.best.astype(np.float64)
    total = np.sum(np.where(among, pool.scores, 0), axis=1, dtype=np.float64)
    count = among.sum(axis=1)
    mean = np.where(count > 0, total / np.maximum(count, 1), known)
    return np.clip((known - mean)[:, None] / spread, -FURTHEST, FURTHEST)
