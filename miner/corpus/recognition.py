"""Which shape records come in, told by the names of their columns and a sample of what these hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from miner.corpus.columns import Columns, is_numbered
from miner.corpus.shapes import NAMED, SHAPES, RecordShape
from miner.corpus.sides import Fields, read_lists

NEUTRAL = ("passage", "passages", "text", "document", "documents", "doc", "sentence2")
"""Columns that say nothing of whether their passage answers the query, so that a score beside them tells it."""


def recognised(
    names: Collection[str], sample: Mapping[str, Any], columns: Columns, lists: frozenset[str] = frozenset()
) -> tuple[RecordShape, Fields] | None:
    """The shape of records with columns of these names, such as `sample`; None where they are no queries.

    `lists`: columns of cells that hold lists.
    """
    lower = {name.lower() for name in names}
    if columns.given.keys() <= {"label"} and {"messages", "positive_messages"} <= lower:
        return NAMED["ms-swift"], Fields("messages", "positive_messages", None, ("negative_messages",))
    if names and all(name == str(place) for place, name in enumerate(names)) and not columns.given:
        return _headerless(list(names))
    fields = _fields(names, columns, lists)
    if fields is None:
        return None
    if fields.label is not None:
        several = isinstance(sample.get(fields.relevant or ""), list) or fields.relevant in fields.lists
        shape = "labeled list" if several else "labeled pair"
        return NAMED[shape], fields
    if isinstance(sample.get(fields.relevant or ""), dict) and "is_selected" in sample[fields.relevant or ""]:
        return NAMED["MS MARCO"], fields
    known = (each for each in SHAPES if each.read is read_lists and set(each.columns) <= lower)
    return next(known, NAMED["pair"]), fields


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
    return NAMED["triplet" if len(names) == 3 else "pair"], Fields(names[0], names[1], None, tuple(names[2:]))
