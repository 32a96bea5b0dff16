"""A cap on the risk of being a false negative: the hardest candidates under it win. See docs/risk.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import KEPT, RISK, Bool, Float32, Int64, Pool
from miner.errors import ConfigError
from miner.filters.base import Filter, judge
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class Risk(Spec):
    """Keeps candidates whose estimated probability of answering the query is at most `max`."""

    name: ClassVar[str] = "risk"
    reason: ClassVar[str] = "its risk of answering the query is above the cap"
    needs: ClassVar[frozenset[str]] = frozenset({RISK})
    max: float = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.max <= 1:
            raise ConfigError(f"risk: max is {self.max!r}; expected a probability from 0 to 1")

    def keep(self, pool: Pool) -> Bool:
        if pool.risk is None:
            raise ConfigError("risk() needs a pool with risks; score it with a RiskModel first")
        return np.less_equal(pool.risk, np.float32(self.max))


def lowest_caps(pool: Pool, filters: Sequence[Filter], wanted: Int64) -> Float32:
    """[Q] the lowest `max` that leaves as many candidates as wanted, all other filters unchanged; NaN where
    no cap does, or the pool has no risks."""
    caps = np.full(len(wanted), np.nan, np.float32)
    if pool.risk is None:
        return caps
    allowed = judge(pool, [each for each in filters if not isinstance(each, Risk)]) == KEPT
    for i, count in enumerate(wanted):
        risks = np.sort(pool.risk[i, allowed[i]])
        if 0 < count <= len(risks):
            caps[i] = risks[count - 1]
    return caps
