"""Positive-aware margins: a negative must score lower than the relevant passage by some margin.

Relative: NV-Retriever (arXiv 2407.15831, section 3.2, "TopK-PercPos"). Absolute: the same section's
"TopK-MarginPos". For a negative score of the relevant passage the threshold lies below it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import ClassVar

import numpy as np

from miner.data import Bool, Float32, Pool
from miner.errors import ConfigError
from miner.spec import Spec

AGAINST: Mapping[str, Callable[[list[float]], float]] = {"lowest": min, "median": median, "highest": max}


@dataclass(frozen=True, repr=False)
class Margin(Spec):
    """Keeps candidates whose similarity to the query is at most that of the relevant passage less a margin:
    `relative`, a share of that similarity's size, and `absolute`, in cosine. With several relevant passages
    their `against` ('lowest', 'median', 'highest') similarity counts; the median bears one junk passage.
    """

    name: ClassVar[str] = "margin"
    reason: ClassVar[str] = "too similar to the query beside the relevant passage"
    relative: float = 0.0
    absolute: float = 0.0
    against: str = "median"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.against not in AGAINST:
            raise ConfigError(f"margin: against is {self.against!r}; expected one of {', '.join(AGAINST)}")

    def keep(self, pool: Pool) -> Bool:
        reference = np.array(
            [self._reference(scores) for scores in pool.by_query(pool.relevant_scores)], np.float64
        )
        threshold = reference - self.relative * np.abs(reference) - self.absolute
        return np.less_equal(pool.scores, threshold[:, None])

    def _reference(self, scores: Float32) -> float:
        return float(AGAINST[self.against](scores.tolist()))
