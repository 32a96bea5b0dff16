"""Filters: which candidates may be negatives. One idea a file."""

from __future__ import annotations

from miner.filters.base import Filter, judge
from miner.filters.denoise import Denoise
from miner.filters.guards import GUARDS, Guard, OverlapGuard
from miner.filters.judged import DropJudged
from miner.filters.margin import Margin
from miner.filters.risk import Risk
from miner.filters.riskiest import DropRiskiest
from miner.filters.sibling import SameDocument
from miner.filters.teacher import TeacherScore
from miner.filters.window import Rank, Score
from miner.spec import Spec, parse

FILTERS: dict[str, type[Spec]] = {
    each.name: each for each in (Denoise, Margin, Rank, TeacherScore, Risk, DropRiskiest, Score, SameDocument)
}


def parse_filter(text: str) -> Filter:
    """The filter that 'name(option=value)' spells. Raises ConfigError."""
    return parse(text, FILTERS, "filter")  # type: ignore[return-value]


__all__ = [
    "FILTERS",
    "GUARDS",
    "Denoise",
    "DropJudged",
    "DropRiskiest",
    "Filter",
    "Guard",
    "Margin",
    "OverlapGuard",
    "Rank",
    "Risk",
    "SameDocument",
    "Score",
    "TeacherScore",
    "judge",
    "parse_filter",
]
