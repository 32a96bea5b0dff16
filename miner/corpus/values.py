"""Values of records: texts and objects of them, ids, labels, and lists that cells hold as text."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from miner.corpus.columns import listed
from miner.corpus.records import id_string, joined, string
from miner.data import join_title
from miner.errors import InputError

Record = Mapping[str, Any]

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
    "positive_passages",
    "negative_passages",
    "positive_ctxs",
    "hard_negative_ctxs",
)
"""Columns that hold a list even where all are empty."""


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
    """Texts, lists of their sentences, or objects of one with its title; null is none. Raises InputError for anything
    else."""
    found: list[str] = []
    for place, item in enumerate(values):
        name = f"{key}[{place}]" if len(values) > 1 else str(key)
        if isinstance(item, dict):
            found += _of_object(item, name, path, line)
        elif item is not None:
            found.append(string(joined(item), name, path, line))
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


def grade_of(label: object, path: Path, line: int) -> float:
    """A label as a number. Raises InputError for what is none."""
    try:
        grade = WORDS.get(str(label).strip().lower())
        grade = float(label) if grade is None else grade  # type: ignore[arg-type]
    except (ValueError, TypeError):
        grade = math.nan
    if not math.isfinite(grade):
        raise InputError(path, line, f"has the label {label!r}; expected a number such as 0 or 1")
    return grade
