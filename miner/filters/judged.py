"""What was judged to answer a query is no negative of it, whatever is estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import Bool, Pool
from miner.judgments.known import Standing
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class DropJudged(Spec):
    """Keeps candidates that nobody judged to answer, wholly or in part; stands behind the guards as soon as
    there are judgments."""

    name: ClassVar[str] = "judged"
    reason: ClassVar[str] = "judged to answer the query"

    def keep(self, pool: Pool) -> Bool:
        if pool.judged is None:
            return np.ones(pool.rows.shape, np.bool_)
        return np.not_equal(pool.judged, Standing.REFUSED)
