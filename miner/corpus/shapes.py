"""Shapes of queries with what answers them: recognised by a table's columns, read record by record.

Each shape is a line of SHAPES with an example; `recognised` finds the first whose columns are there.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from miner.corpus.columns import GIVEN, Columns, is_numbered, listed
from miner.corpus.records import id_string, string
from miner.data import join_title
from miner.errors import InputError
from miner.storage.files import kind

Record = Mapping[str, Any]

SCORED = 0.5
"""The label between 0 and 1 from which a passage is relevant."""
WORDS = {"true": 1.0, "yes": 1.0, "relevant": 1.0, "false": 0.0, "no": 0.0, "irrelevant": 0.0}
SEVERAL = (
    "relevant_passages",
    "relevant_ids",
    "hard_negatives",
    "passages",
    "labels",
    "pos",
    "neg",
    "documents",
)
"""Columns that hold a list even where all are empty."""
NEUTRAL = ("passage", "passages", "text", "document", "documents", "doc", "sentence2")
"""Columns that say nothing of whether their passage answers the query, so that a score beside them tells it."""


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


@dataclass(frozen=True)
class RecordShape:
    """A shape that records of queries come in. `columns` are those it is known by, `example` is a record of it."""

    name: str
    columns: tuple[str, ...]
    read: Read
    example: Record
    flat: bool = False
    """Whether a query has a record for each of its passages."""


def recognised(
    names: Collection[str], sample: Record, columns: Columns, lists: frozenset[str] = frozenset()
) -> tuple[RecordShape, Fields] | None:
    """The shape of records with columns of these names, such as `sample`; None where they are no queries.

    `lists`: columns of cells that hold lists.
    """
    lower = {name.lower() for name in names}
    if columns.given.keys() <= {"label"} and {"messages", "positive_messages"} <= lower:
        return _named("ms-swift"), Fields("messages", "positive_messages", None, ("negative_messages",))
    if names and all(name == str(place) for place, name in enumerate(names)) and not columns.given:
        return _headerless(list(names))
    fields = _fields(names, columns, lists)
    if fields is None:
        return None
    if fields.label is not None:
        several = isinstance(sample.get(fields.relevant or ""), list) or fields.relevant in fields.lists
        shape = "labeled list" if several else "labeled pair"
        return _named(shape), fields
    if isinstance(sample.get(fields.relevant or ""), dict) and "is_selected" in sample[fields.relevant or ""]:
        return _named("MS MARCO"), fields
    known = (each for each in SHAPES if each.read is _lists and set(each.columns) <= lower)
    return next(known, _named("pair")), fields


def _fields(names: Collection[str], columns: Columns, lists: frozenset[str]) -> Fields | None:
    query = columns.find("query", names)
    rest = [name for name in names if name != query]
    relevant, ids = columns.find("relevant_passages", rest), columns.find("relevant_ids", rest)
    if query is None or (relevant is None and ids is None):
        return None
    negative = columns.find("hard_negatives", rest)
    negatives = [negative] if negative else []
    if "hard_negatives" not in columns.given:
        negatives += [name for name in rest if is_numbered(name) and name != negative]
    label = columns.find("label", rest)
    if label is not None and "label" not in columns.given:
        neutral = relevant is not None and relevant.lower() in NEUTRAL
        named = "relevant_passages" in columns.given and label.lower() in ("label", "labels")
        tells = (neutral or named) and not negatives
        label = label if tells else None
    return Fields(query, relevant, ids, tuple(negatives), label, lists)


def _headerless(names: list[str]) -> tuple[RecordShape, Fields] | None:
    """Columns without names: query, answer, and from the third on negatives."""
    if len(names) < 2:
        return None
    return _named("triplet" if len(names) == 3 else "pair"), Fields(
        names[0], names[1], None, tuple(names[2:])
    )


def _lists(record: Record, fields: Fields, path: Path, line: int) -> Sides:
    query = _query(record, fields, path, line)
    relevant = texts_of(fields.values(record, fields.relevant), fields.relevant, path, line)
    ids = ids_of(fields.values(record, fields.ids), fields.ids, path, line)
    negatives = [
        text for name in fields.negatives for text in texts_of(fields.values(record, name), name, path, line)
    ]
    return Sides(query, relevant, ids, tuple(negatives))


def _labelled(record: Record, fields: Fields, path: Path, line: int) -> Sides:
    """A passage, or a list of them, with a label for each."""
    query = _query(record, fields, path, line)
    passages, labels = fields.values(record, fields.relevant), fields.values(record, fields.label)
    if len(passages) != len(labels):
        raise InputError(
            path, line, f"has {len(passages)} passages and {len(labels)} labels; expected one for each"
        )
    sides: tuple[list[str], list[str]] = [], []
    for passage, label in zip(passages, labels, strict=True):
        grade = _grade(label, path, line)
        if grade <= 0 or grade >= SCORED:
            sides[grade <= 0].extend(texts_of([passage], fields.relevant, path, line))
    return Sides(query, tuple(sides[0]), (), tuple(sides[1]))


def _selected(record: Record, fields: Fields, path: Path, line: int) -> Sides:
    """MS MARCO's passages: {'passage_text': [...], 'is_selected': [...]}."""
    passages = record.get(fields.relevant or "")
    if not isinstance(passages, dict):
        raise InputError(path, line, f"{fields.relevant!r} is {kind(passages)}; expected an object")
    flat = {
        "q": record.get(fields.query),
        "p": passages.get("passage_text"),
        "l": passages.get("is_selected"),
    }
    return _labelled(flat, Fields("q", "p", None, (), "l"), path, line)


def _messages(record: Record, fields: Fields, path: Path, line: int) -> Sides:
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


def parsed_list(cell: str) -> list[Any] | None:
    """The list that a cell holds, as JSON or as Python writes it; None if it holds none."""
    if cell[:1] != "[" or cell.rstrip()[-1:] != "]":
        return None
    for read in (orjson.loads, ast.literal_eval):
        try:
            found = read(cell)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(found, list):
            return found
    return None


def list_columns(samples: Sequence[Record]) -> frozenset[str]:
    """Columns of cells that hold lists: all that are not empty do, and one has something in it or its name is that
    of several.
    """
    out = set()
    for name in dict.fromkeys(name for record in samples for name in record):
        lists = [
            parsed_list(cell)
            for cell in (record.get(name) for record in samples)
            if isinstance(cell, str) and cell
        ]
        if lists and None not in lists and (any(lists) or name.lower() in SEVERAL):
            out.add(name)
    return frozenset(out)


def texts_of(values: Sequence[object], key: str | None, path: Path | str, line: int) -> tuple[str, ...]:
    """Texts, or objects of one with its title; null is none. Raises InputError for anything else."""
    found: list[str] = []
    for place, item in enumerate(values):
        name = f"{key}[{place}]" if len(values) > 1 else str(key)
        if isinstance(item, dict):
            found += _of_object(item, name, path, line)
        elif item is not None:
            found.append(string(item, name, path, line))
    return tuple(found)


def _of_object(item: Record, name: str, path: Path | str, line: int) -> list[str]:
    key = next((key for key in ("text", "contents", "content", "passage", "body") if item.get(key)), None)
    title = item.get("title")
    if key is None and not isinstance(title, str):
        raise InputError(path, line, f"'{name}' is an object without a text; found {listed(item)}")
    value = item[key] if key else ""
    texts = texts_of(value if isinstance(value, list) else [value], f"{name}.{key}", path, line)
    return [join_title(title, text) if isinstance(title, str) else text for text in texts]


def ids_of(values: Sequence[object], key: str | None, path: Path | str, line: int) -> tuple[str, ...]:
    """Ids; null is none. Raises InputError for anything else."""
    several = len(values) > 1
    return tuple(
        id_string(item, f"{key}[{place}]" if several else str(key), path, line)
        for place, item in enumerate(values)
        if item is not None
    )


def _grade(label: object, path: Path, line: int) -> float:
    try:
        grade = WORDS.get(str(label).strip().lower())
        grade = float(label) if grade is None else grade  # type: ignore[arg-type]
    except (ValueError, TypeError):
        grade = math.nan
    if not math.isfinite(grade):
        raise InputError(path, line, f"has the label {label!r}; expected a number such as 0 or 1")
    return grade


SHAPES: tuple[RecordShape, ...] = (
    RecordShape(
        "cohere",
        ("query", "relevant_passages"),
        _lists,
        {"query": "How long?", "relevant_passages": ["Five days."], "hard_negatives": ["Press pause."]},
    ),
    RecordShape("ids", ("query", "relevant_ids"), _lists, {"query": "How long?", "relevant_ids": ["d1"]}),
    RecordShape(
        "flag-embedding",
        ("query", "pos"),
        _lists,
        {"query": "How long?", "pos": ["Five days."], "neg": ["Press pause."]},
    ),
    RecordShape(
        "tevatron",
        ("query", "positive_passages"),
        _lists,
        {
            "query_id": "1",
            "query": "How long?",
            "positive_passages": [{"docid": "d1", "title": "Refunds", "text": "Five days."}],
            "negative_passages": [{"docid": "d2", "title": "", "text": "Press pause."}],
        },
    ),
    RecordShape(
        "dpr",
        ("question", "positive_ctxs"),
        _lists,
        {
            "question": "How long?",
            "positive_ctxs": [{"title": "Refunds", "text": "Five days."}],
            "hard_negative_ctxs": [{"title": "Plans", "text": "Press pause."}],
        },
    ),
    RecordShape(
        "ms-swift",
        ("messages", "positive_messages"),
        _messages,
        {
            "messages": [{"role": "user", "content": "How long?"}],
            "positive_messages": [[{"role": "assistant", "content": "Five days."}]],
            "negative_messages": [[{"role": "assistant", "content": "Press pause."}]],
        },
    ),
    RecordShape(
        "MS MARCO",
        ("query", "passages"),
        _selected,
        {"query": "How long?", "passages": {"passage_text": ["Five days.", "No."], "is_selected": [1, 0]}},
    ),
    RecordShape(
        "labeled list",
        ("query", "passages", "labels"),
        _labelled,
        {"query": "How long?", "passages": ["Five days.", "Press pause."], "labels": [1, 0]},
    ),
    RecordShape(
        "labeled pair",
        ("query", "passage", "label"),
        _labelled,
        {"query": "How long?", "passage": "Five days.", "label": 1},
        flat=True,
    ),
    RecordShape(
        "n-tuple",
        ("anchor", "positive", "negative_1"),
        _lists,
        {"anchor": "How long?", "positive": "Five days.", "negative_1": "Press pause.", "negative_2": "No."},
        flat=True,
    ),
    RecordShape(
        "triplet",
        ("anchor", "positive", "negative"),
        _lists,
        {"anchor": "How long?", "positive": "Five days.", "negative": "Press pause."},
        flat=True,
    ),
    RecordShape(
        "pair",
        ("question", "answer"),
        _lists,
        {"question": "How long?", "answer": "Five days."},
        flat=True,
    ),
)
NAMED = {shape.name: shape for shape in SHAPES}
EXPECTED = f"expected columns such as question and answer, or names: --columns '{GIVEN[3]}=…,{GIVEN[4]}=…'"


def _named(name: str) -> RecordShape:
    return NAMED[name]
