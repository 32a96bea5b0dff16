"""A row as it stands in the file, whatever is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from miner.data import Row
from miner.formats.cohere import FIELDS
from miner.storage.files import kind


@dataclass(slots=True)
class RowTexts:
    """The well-typed part of a line: strings where strings belong, everything else left out."""

    query: str | None = None
    relevant: list[str] = field(default_factory=list)
    negatives: list[str] = field(default_factory=list)
    odd: list[tuple[str, str]] = field(default_factory=list)
    """Rule and message for each field that is missing, superfluous or of a wrong type."""
    broken: list[str] = field(default_factory=list)
    """Cohere's fields that are missing or of a wrong type."""

    @property
    def row(self) -> Row | None:
        """The row, where the line holds Cohere's fields with a query and a relevant passage."""
        if self.odd or not self.query or not self.relevant:
            return None
        return Row(self.query, tuple(self.relevant), tuple(self.negatives))

    def spoil(self, rule: str, name: str, message: str) -> None:
        self.odd.append((rule, message))
        self.broken.append(name)


def texts_of(record: dict[str, Any]) -> RowTexts:
    texts = RowTexts()
    for name, value in record.items():
        if name == "query":
            _take_query(texts, value)
        elif name == "relevant_passages":
            texts.relevant = _strings(texts, name, value)
        elif name == "hard_negatives":
            texts.negatives = _strings(texts, name, value)
        else:
            texts.odd.append(("unknown-field", f"has the field {name!r}; expected only {', '.join(FIELDS)}"))
    for name in FIELDS[:2]:
        if name not in record:
            texts.spoil("missing-field", name, f"has no {name!r}")
    return texts


def _take_query(texts: RowTexts, value: object) -> None:
    if isinstance(value, str):
        texts.query = value
    else:
        texts.spoil("wrong-type", "query", f"'query' is {kind(value)}; expected a string")


def _strings(texts: RowTexts, name: str, value: object) -> list[str]:
    if not isinstance(value, list):
        texts.spoil("wrong-type", name, f"{name!r} is {kind(value)}; expected a list of strings")
        return []
    strings = [item for item in value if isinstance(item, str)]
    if len(strings) < len(value):
        wrong = next(item for item in value if not isinstance(item, str))
        texts.spoil("wrong-type", name, f"{name!r} holds {kind(wrong)}; expected a list of strings")
    return strings
