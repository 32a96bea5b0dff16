"""Which values of a record are texts, and records with these cleaned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from miner.corpus.columns import NAMES, Columns, is_numbered

ROLES = (
    *("title", "text", "query", "relevant_passages", "hard_negatives"),
    *("messages", "positive_messages", "negative_messages"),
)
"""What is cleaned of a record; ids and labels stay."""
FIELDS = frozenset(name for role in ROLES for name in NAMES[role])
DEEPEST = 8
"""Lists and objects within each other in which texts are looked for."""

Clean = Callable[[str], str]
CleanAt = Callable[[int], Clean]
"""Gives what cleans the texts of a record by its number, from 1."""


def is_text(name: str, columns: Columns) -> bool:
    """Whether a column of that name, in common use or given, holds texts."""
    given = {column for role, column in columns.given.items() if role in ROLES}
    return name in given or name.strip().lower() in FIELDS or is_numbered(name)


def cleaned_record(
    record: Mapping[str, Any], columns: Columns, clean: Clean, depth: int = 0
) -> dict[str, Any]:
    """The record with the texts in it cleaned, also those in lists and objects; all else as it was."""
    return {
        name: cleaned_value(value, columns, clean, depth + 1) if is_text(name, columns) else value
        for name, value in record.items()
    }


def cleaned_value(value: Any, columns: Columns, clean: Clean, depth: int = 0) -> Any:
    """A text, or the texts of a list or of an object, cleaned."""
    if isinstance(value, str):
        return clean(value)
    if depth > DEEPEST:
        return value
    if isinstance(value, list):
        return [cleaned_value(item, columns, clean, depth + 1) for item in value]
    if isinstance(value, dict):
        return cleaned_record(value, columns, clean, depth)
    return value
