"""The shapes that queries with what answers them come in: a line of SHAPES each, with an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from miner.corpus.columns import GIVEN
from miner.corpus.sides import Read, read_labelled, read_lists, read_messages, read_selected


@dataclass(frozen=True)
class RecordShape:
    """A shape that records of queries come in. `columns` are those it is known by, `example` is a record of it."""

    name: str
    columns: tuple[str, ...]
    read: Read
    example: Mapping[str, Any]
    flat: bool = False
    """Whether a query has a record for each of its passages."""


SHAPES: tuple[RecordShape, ...] = (
    RecordShape(
        "cohere",
        ("query", "relevant_passages"),
        read_lists,
        {"query": "How long?", "relevant_passages": ["Five days."], "hard_negatives": ["Press pause."]},
    ),
    RecordShape("ids", ("query", "relevant_ids"), read_lists, {"query": "How long?", "relevant_ids": ["d1"]}),
    RecordShape(
        "flag-embedding",
        ("query", "pos"),
        read_lists,
        {"query": "How long?", "pos": ["Five days."], "neg": ["Press pause."]},
    ),
    RecordShape(
        "tevatron",
        ("query", "positive_passages"),
        read_lists,
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
        read_lists,
        {
            "question": "How long?",
            "positive_ctxs": [{"title": "Refunds", "text": "Five days."}],
            "hard_negative_ctxs": [{"title": "Plans", "text": "Press pause."}],
        },
    ),
    RecordShape(
        "ms-swift",
        ("messages", "positive_messages"),
        read_messages,
        {
            "messages": [{"role": "user", "content": "How long?"}],
            "positive_messages": [[{"role": "assistant", "content": "Five days."}]],
            "negative_messages": [[{"role": "assistant", "content": "Press pause."}]],
        },
    ),
    RecordShape(
        "MS MARCO",
        ("query", "passages"),
        read_selected,
        {"query": "How long?", "passages": {"passage_text": ["Five days.", "No."], "is_selected": [1, 0]}},
    ),
    RecordShape(
        "labeled list",
        ("query", "passages", "labels"),
        read_labelled,
        {"query": "How long?", "passages": ["Five days.", "Press pause."], "labels": [1, 0]},
    ),
    RecordShape(
        "labeled pair",
        ("query", "passage", "label"),
        read_labelled,
        {"query": "How long?", "passage": "Five days.", "label": 1},
        flat=True,
    ),
    RecordShape(
        "n-tuple",
        ("anchor", "positive", "negative_1"),
        read_lists,
        {"anchor": "How long?", "positive": "Five days.", "negative_1": "Press pause.", "negative_2": "No."},
        flat=True,
    ),
    RecordShape(
        "triplet",
        ("anchor", "positive", "negative"),
        read_lists,
        {"anchor": "How long?", "positive": "Five days.", "negative": "Press pause."},
        flat=True,
    ),
    RecordShape(
        "pair",
        ("question", "answer"),
        read_lists,
        {"question": "How long?", "answer": "Five days."},
        flat=True,
    ),
)
NAMED = {shape.name: shape for shape in SHAPES}
EXPECTED = f"expected columns such as question and answer, or names: --columns '{GIVEN[3]}=…,{GIVEN[4]}=…'"
