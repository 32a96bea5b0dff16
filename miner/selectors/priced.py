"""Priced: hardness against risk, weighed up candidate by candidate instead of cut off by a cap.

The negatives of highest total cosine for a given total cost maximise, one by one, cosine less a price times
cost (Everett 1963, generalised Lagrange multipliers). The cost of a candidate is its odds of being a false
negative: a model that is wrong about how many there are in a corpus multiplies odds by a constant, which
the price takes up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import KEPT, RISK, Int64, Pool, Selection, UInt8
from miner.errors import ConfigError
from miner.selectors.base import lay_out
from miner.spec import Spec

SUREST = 1 - 1e-6


@dataclass(frozen=True, repr=False)
class RiskPenalty(Spec):
    """Chooses the kept candidates of highest s(q,c) - price · risk / (1 - risk): at price 1 a risk of 0.1
    costs a cosine of 0.11. Price 0 is top()."""

    name: ClassVar[str] = "priced"
    needs: ClassVar[frozenset[str]] = frozenset({RISK})
    price: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.price < np.inf:
            raise ConfigError(f"priced: price is {self.price}; expected 0 or more")

    def choose(self, pool: Pool, verdicts: UInt8, n: Int64, seed: int) -> Selection:
        if pool.risk is None:
            raise ConfigError("priced() needs an estimate of risk; add --filter 'risk()'")
        risk = np.minimum(pool.risk.astype(np.float64), SUREST)
        worth = pool.scores.astype(np.float64) - self.price * risk / (1 - risk)
        order = np.argsort(np.where(verdicts == KEPT, -worth, np.inf), axis=1, kind="stable")
        wanted = np.minimum(n, np.sum(verdicts == KEPT, axis=1)).tolist()
        return lay_out((np.sort(line[:count]) for line, count in zip(order, wanted, strict=True)), n)
