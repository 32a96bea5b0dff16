"""What cleaning changed: counts by step, with examples."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from miner.cleaning import Cleaner

EXAMPLES = 3
WIDTH = 160
"""Characters shown of a text, around the first place that changed."""


@dataclass(frozen=True)
class Example:
    place: str
    before: str
    after: str


@dataclass
class CleaningReport:
    """A cleaner that takes down what it does. `kept` counts texts left as they were, by reason: 'emptied'
    (nothing would be left of them) or 'unsettled' (they never stop changing).
    """

    cleaner: Cleaner
    texts: int = 0
    changed: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Example]] = field(default_factory=dict)
    copied: list[Path] = field(default_factory=list)
    """Files that are no texts, copied as they are."""

    def clean(self, text: str, place: str = "") -> str:
        """The cleaned text; `place` is where it stands, for the examples."""
        cleaned = self.cleaner.trace(text)
        self.texts += 1
        self.changed += cleaned.text != text
        if cleaned.kept:
            self.kept[cleaned.kept] += 1
            self._show(cleaned.kept, place, text, text)
        for step, (before, after) in cleaned.changes.items():
            self.steps[step] += 1
            self._show(step, place, before, after)
        return cleaned.text

    def _show(self, name: str, place: str, before: str, after: str) -> None:
        examples = self.examples.setdefault(name, [])
        if len(examples) < EXAMPLES:
            examples.append(Example(place, *_windows(before, after)))

    def record(self) -> dict[str, Any]:
        """As JSON values."""
        shown = {name: [vars(example) for example in examples] for name, examples in self.examples.items()}
        return {
            "steps": list(self.cleaner.steps),
            "texts": self.texts,
            "changed": self.changed,
            "kept": dict(self.kept),
            "by_step": {step: self.steps[step] for step in self.cleaner.steps},
            "examples": shown,
        }


def _windows(before: str, after: str) -> tuple[str, str]:
    shorter = min(len(before), len(after))
    same = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    start = max(same - WIDTH // 4, 0)
    return before[start : start + WIDTH], after[start : start + WIDTH]
