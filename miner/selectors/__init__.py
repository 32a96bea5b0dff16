"""Selectors: which of the kept candidates become negatives. One idea a file."""

from __future__ import annotations

from miner.selectors.base import Selector
from miner.selectors.below import Below
from miner.selectors.diverse import Diverse
from miner.selectors.priced import Priced
from miner.selectors.sample import Sample
from miner.selectors.top import Top
from miner.spec import Spelt, parse

SELECTORS: dict[str, type[Spelt]] = {each.name: each for each in (Below, Top, Sample, Diverse, Priced)}


def parse_selector(text: str) -> Selector:
    """The selector that 'name(option=value)' spells. Raises ConfigError."""
    return parse(text, SELECTORS, "selector")  # type: ignore[return-value]


__all__ = ["SELECTORS", "Below", "Diverse", "Priced", "Sample", "Selector", "Top", "parse_selector"]
