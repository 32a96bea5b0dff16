"""Plain windows: over the rank and over the similarity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import Bool, Pool
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class Rank(Spec):
    """Keeps ranks `first` to `last`, both counted in, from 1; last 0 is no limit."""

    name: ClassVar[str] = "rank"
    reason: ClassVar[str] = "outside the ranks asked for"
    first: int = 1
    last: int = 0

    def keep(self, pool: Pool) -> Bool:
        ranks = np.arange(1, pool.rows.shape[1] + 1)
        inside = (ranks >= self.first) & ((ranks <= self.last) if self.last else True)
        return np.broadcast_to(inside, pool.rows.shape)


@dataclass(frozen=True, repr=False)
class Score(Spec):
    """Keeps cosines to the query from `min` to `max`."""

    name: ClassVar[str] = "score"
    reason: ClassVar[str] = "outside the similarities asked for"
    min: float = -1.0
    max: float = 1.0

    def keep(self, pool: Pool) -> Bool:
        return (pool.scores >= np.float32(self.min)) & (pool.scores <= np.float32(self.max))
