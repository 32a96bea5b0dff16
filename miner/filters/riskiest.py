"""Leaves out those that are likelier than the other candidates of their query to be false negatives. How many
relevant passages a corpus holds differs more between corpora than an estimate can know (docs/risk.md): their
order is right where their size is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import RISK, Bool, Pool
from miner.errors import ConfigError
from miner.spec import Spec
from miner.text.documents import Sibling
from miner.text.match import NONE

FIRST = 100
"""The first so many candidates are compared with each other; what is found beyond is held to the same limit."""


@dataclass(frozen=True, repr=False)
class DropRiskiest(Spec):
    """Drops the riskiest `share` of a query's first 100 candidates, at least one, what matches a relevant
    passage not counted; of equal risks all or none. Raises ConfigError for a share that is none or all.
    """

    name: ClassVar[str] = "riskiest"
    reason: ClassVar[str] = "among the likeliest of its query to answer after all"
    needs: ClassVar[frozenset[str]] = frozenset({RISK})
    share: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.share < 1:
            raise ConfigError(f"riskiest: share is {self.share!r}; expected more than 0 and less than 1")

    def keep(self, pool: Pool) -> Bool:
        if pool.risk is None:
            raise ConfigError("riskiest() needs a pool with risks; score it with a RiskModel first")
        among = compared(pool)
        falling = -np.sort(np.where(among, -pool.risk, np.inf), axis=1)
        counts = among.sum(axis=1)
        places = np.minimum(np.ceil(np.round(self.share * counts, 6)), counts - 1).astype(np.int64)
        limits = np.take_along_axis(falling, np.maximum(places, 0)[:, None], axis=1)
        return np.asarray((pool.risk <= limits) | (counts == 0)[:, None], np.bool_)


def compared(pool: Pool) -> Bool:
    """[Q, K] the first candidates, without those that match or overlap a relevant passage."""
    alike = pool.valid & (pool.match == NONE) & np.less(pool.sibling, Sibling.OVERLAPPING)
    return np.asarray(alike & (np.arange(alike.shape[1]) < FIRST), np.bool_)
