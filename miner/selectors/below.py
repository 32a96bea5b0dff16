"""The hardest of those that score less than the relevant passage: what outranks it is the likeliest to be
a false negative, and teaches a model to turn its own order round (NV-Retriever, arXiv 2407.15831, section
3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import KEPT, Int64, Pool, Selection, UInt8
from miner.errors import ConfigError
from miner.filters.margin import Margin
from miner.selectors.base import lay_out
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class BelowRelevant(Spec):
    """Chooses the kept candidates of best rank among those whose similarity to the query is at most that of
    the relevant passage (the best of several) less `margin`, a share of its size. Where these are too few the
    other kept ones of lowest rank fill up: unlike the filter margin() it never searches deeper.
    """

    name: ClassVar[str] = "below"
    reason: ClassVar[str] = "the hardest that score below the relevant passage"
    margin: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.margin <= 1:
            raise ConfigError(f"below: margin is {self.margin}; expected 0 to 1")

    def choose(self, pool: Pool, verdicts: UInt8, n: Int64, seed: int) -> Selection:
        order = self.order(pool)
        kept = np.take_along_axis(verdicts == KEPT, order, axis=1)
        lines = zip(order, kept, n.tolist(), strict=True)
        return lay_out((np.sort(columns[mine][:count]) for columns, mine, count in lines), n)

    def order(self, pool: Pool) -> Int64:
        """[Q, K] the columns in the order in which they are taken if they are kept."""
        columns = np.arange(pool.rows.shape[1])
        below = Margin(relative=self.margin, against="highest").keep(pool)
        turn = np.where(below, columns, 2 * len(columns) - columns)
        return np.argsort(turn, axis=1, kind="stable")
