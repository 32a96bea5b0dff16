"""The hardest: candidates most similar to the query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import KEPT, Int64, Pool, Selection, UInt8
from miner.selectors.base import lay_out
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class Top(Spec):
    """Chooses the kept candidates of best rank."""

    name: ClassVar[str] = "top"
    reason: ClassVar[str] = "the most similar to the query"

    def choose(self, pool: Pool, verdicts: UInt8, n: Int64, seed: int) -> Selection:
        kept = (np.flatnonzero(line == KEPT) for line in verdicts)
        return lay_out((columns[:count] for columns, count in zip(kept, n.tolist(), strict=True)), n)
