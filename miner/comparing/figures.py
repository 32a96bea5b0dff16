"""What is told of both files: the mean over the queries of both, and the difference with its interval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from miner.data import Float64, Int64
from miner.reranking.intervals import FEWEST, Interval, paired


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """Means of one figure over those queries for which both files have it."""

    key: str
    title: str
    share: bool
    """Whether it is a share, which people read in percent."""
    a: float
    b: float
    change: Interval | None
    """b - a, paired by query; None where fewer than five independent groups of queries have it."""
    queries: int

    def record(self) -> dict[str, Any]:
        change = None if self.change is None else self.change.record()
        return {"a": round(self.a, 6), "b": round(self.b, 6), "queries": self.queries, "b_minus_a": change}

    def line(self) -> tuple[str, str, str, str]:
        """Title, both means and the difference, as text."""
        return self.title, self._shown(self.a), self._shown(self.b), self._difference()

    def _shown(self, value: float) -> str:
        return f"{value:.1%}" if self.share else f"{value:.3f}"

    def _difference(self) -> str:
        if self.change is None:
            return ""
        parts = (self.change.mean, self.change.low, self.change.high)
        if not self.share:
            return str(self.change)
        mean, low, high = (f"{100 * part:+.1f}" for part in parts)
        return f"{mean} [{low}, {high}] points"


def figure(
    key: str, title: str, sides: tuple[Float64, Float64], groups: Int64, *, share: bool = True
) -> ComparedFigure | None:
    """The figure of both sides, [queries] each, NaN where a query has none; None where no query has it on
    both."""
    a, b = sides
    both = np.isfinite(a) & np.isfinite(b)
    if not both.any():
        return None
    one, other = a[both], b[both]
    numbers = np.unique(groups[both], return_inverse=True)[1].astype(np.int64)
    enough = int(numbers.max()) + 1 >= FEWEST
    change = paired(one[:, None], other[:, None], numbers)[0] if enough else None
    return ComparedFigure(key, title, share, float(one.mean()), float(other.mean()), change, int(both.sum()))


def mean_or_nan(values: Iterable[float]) -> float:
    """The mean of some numbers; NaN of none."""
    found = list(values)
    return float(np.mean(found)) if found else float("nan")
