"""What a filter is, and how filters judge a pool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np

from miner.data import FIRST_REJECTION, KEPT, PADDED, Bool, Pool, UInt8


class Filter(Protocol):
    """A frozen dataclass whose fields are its options and whose repr is its spelling."""

    needs: ClassVar[frozenset[str]]
    """Evidence that it looks at beyond what every pool holds."""

    def keep(self, pool: Pool) -> Bool:
        """Bool [Q, K]: which candidates may be negatives as far as this filter is concerned."""


def judge(pool: Pool, filters: Sequence[Filter]) -> UInt8:
    """Verdicts uint8 [Q, K]: KEPT, PADDED, or FIRST_REJECTION + i for the first filter i that said no."""
    verdicts = np.where(pool.valid, KEPT, PADDED).astype(np.uint8)
    for i, each in enumerate(filters):
        verdicts[(verdicts == KEPT) & ~each.keep(pool)] = FIRST_REJECTION + i
    return verdicts
