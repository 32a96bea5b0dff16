"""Filters: which candidates may be negatives. One idea a file."""

from __future__ import annotations

from miner.filters.base import Filter, judge
from miner.filters.denoise import Denoise
from miner.filters.guards import GUARDS, Guard
from miner.filters.margin import Margin
from miner.filters.risk import Risk
from miner.filters.riskiest import Riskiest
from miner.filters.sibling import Sibling
from miner.filters.window import Rank, Score
from miner.spec import Spelt, parse

FILTERS: dict[str, type[Spelt]] = {
    each.name: each for each in (Denoise, Margin, Rank, Risk, Riskiest, Score, Sibling)
}


def parse_filter(text: str) -> Filter:
    """The filter that 'name(option=value)' spells. Raises ConfigError."""
    return parse(text, FILTERS, "filter")  # type: ignore[return-value]


__all__ = [
    "FILTERS",
    "GUARDS",
    "Denoise",
    "Filter",
    "Guard",
    "Margin",
    "Rank",
    "Risk",
    "Riskiest",
    "Score",
    "Sibling",
    "judge",
    "parse_filter",
]
