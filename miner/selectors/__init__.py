"""Selectors: which of the kept candidates become negatives. One idea a file."""

from __future__ import annotations

from miner.selectors.base import FittedSelector, Selector
from miner.selectors.below import BelowRelevant
from miner.selectors.diverse import Diverse
from miner.selectors.priced import RiskPenalty
from miner.selectors.sample import Sample
from miner.selectors.spread import Spread
from miner.selectors.top import Top
from miner.spec import Spec, parse

SELECTORS: dict[str, type[Spec]] = {
    each.name: each for each in (BelowRelevant, Top, Sample, Spread, Diverse, RiskPenalty)
}


def parse_selector(text: str) -> Selector:
    """The selector that 'name(option=value)' spells. Raises ConfigError."""
    return parse(text, SELECTORS, "selector")  # type: ignore[return-value]


__all__ = [
    "SELECTORS",
    "BelowRelevant",
    "Diverse",
    "FittedSelector",
    "RiskPenalty",
    "Sample",
    "Selector",
    "Spread",
    "Top",
    "parse_selector",
]
