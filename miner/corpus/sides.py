"""One record of queries: which of its columns plays which role, and what its texts and ids are.

A function that reads a record gives its Sides; the shapes of miner.corpus.shapes name one each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miner.corpus.columns import listed
from miner.corpus.records import string
from miner.corpus.values import grade_of, ids_of, parsed_list, texts_of
from miner.errors import InputError
from miner.progress import count_of
from miner.storage.files import kind

Record = Mapping[str, Any]

SCORED = 0.5
"""The label between 0 and 1 from which a passage is relevant."""


@dataclass(frozen=True)
class Fields:
    """Which column of a file plays which role."""

    query: str
    relevant: str | None = None
    ids: str | None = None
    negatives: tuple[str, ...] = ()
    label: str | None = None
    lists: frozenset[str] = frozenset()
    """Columns of cells that hold lists, written as JSON or Python do."""

    def values(self, record: Record, column: str | None) -> list[Any]:
        """What a column holds, as a list: of one, if it holds one. Null is none."""
        value = record.get(column or "")
        if isinstance(value, list | tuple):
            return list(value)
        if column in self.lists and isinstance(value, str):
            found = parsed_list(value)
            return [value] if found is None and value else found or []
        return [] if value is None or value == "" else [value]

    def __str__(self) -> str:
        named = {"query": self.query, "relevant_passages": self.relevant, "relevant_ids": self.ids}
        pairs = [f"{role}={column}" for role, column in named.items() if column]
        pairs += [f"hard_negatives={listed(self.negatives, 3)}"] if self.negatives else []
        return ", ".join([*pairs, f"label={self.label}"] if self.label else pairs)


@dataclass(frozen=True)
class Sides:
    """The texts and ids of one record."""

    query: str
    relevant: tuple[str, ...]
    ids: tuple[str, ...]
    negatives: tuple[str, ...]


Read = Callable[[Record, Fields, Path, int], Sides]


def read_lists(record: Record, fields: Fields, path: Path, line: int) -> Sides:
    """A column for each side, of one text or several."""
    query = _query(record, fields, path, line)
    relevant = texts_of(fields.values(record, fields.relevant), fields.relevant, path, line)
    ids = ids_of(fields.values(record, fields.ids), fields.ids, path, line)
    negatives = [
        text for name in fields.negatives for text in texts_of(fields.values(record, name), name, path, line)
    ]
    return Sides(query, relevant, ids, tuple(negatives))


def read_labelled(record: Record, fields: Fields, path: Path, line: int) -> Sides:
    """A passage, or a list of them, with a label for each."""
    query = _query(record, fields, path, line)
    passages, labels = fields.values(record, fields.relevant), fields.values(record, fields.label)
    if len(passages) != len(labels):
        raise InputError(
            path,
            line,
            f"has {count_of(len(passages), 'passage')} and {count_of(len(labels), 'label')}; expected one for each",
        )
    sides: tuple[list[str], list[str]] = [], []
    for passage, label in zip(passages, labels, strict=True):
        grade = grade_of(label, path, line)
        if grade <= 0 or grade >= SCORED:
            sides[grade <= 0].extend(texts_of([passage], fields.relevant, path, line))
    return Sides(query, tuple(sides[0]), (), tuple(sides[1]))


def read_selected(record: Record, fields: Fields, path: Path, line: int) -> Sides:
    """MS MARCO's passages: {'passage_text': [...], 'is_selected': [...]}."""
    passages = record.get(fields.relevant or "")
    if not isinstance(passages, dict):
        raise InputError(path, line, f"{fields.relevant!r} is {kind(passages)}; expected an object")
    flat = {
        "q": record.get(fields.query),
        "p": passages.get("passage_text"),
        "l": passages.get("is_selected"),
    }
    return read_labelled(flat, Fields("q", "p", None, (), "l"), path, line)


def read_messages(record: Record, fields: Fields, path: Path, line: int) -> Sides:
    """Messages of ms-swift: the last of the user asks, the last of the assistant answers."""
    try:
        query = _said(_turns(record["messages"]), "user")
        sides = [
            tuple(_said(turns, "assistant") for turns in _turns(record.get(name) or ()))
            for name in ("positive_messages", "negative_messages")
        ]
    except (TypeError, KeyError, IndexError, AttributeError):
        message = "is not of messages; expected lists of {'role': ..., 'content': ...}"
        raise InputError(path, line, message) from None
    for text in (query, *sides[0], *sides[1]):
        string(text, "content", path, line)
    return Sides(query, sides[0], (), sides[1])


def _turns(value: Any) -> Any:
    """Messages, also where a cell holds them as text."""
    return parsed_list(value) if isinstance(value, str) else value


def _said(turns: list[dict[str, str]], role: str) -> str:
    """The last message of that role."""
    return [turn["content"] for turn in turns if turn["role"] == role][-1]


def _query(record: Record, fields: Fields, path: Path, line: int) -> str:
    if fields.query not in record:
        raise InputError(path, line, f"has no {fields.query!r}; found {listed(record)}")
    value = record[fields.query]
    return "" if value is None else string(value, fields.query, path, line)
