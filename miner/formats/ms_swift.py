"""What ms-swift's reranker training takes: messages, positive_messages, negative_messages.

https://swift.readthedocs.io/en/v3.9/BestPractices/Reranker.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from miner.data import Row
from miner.errors import InputError
from miner.formats.base import Record, Records, Sourced, Tabular, need, row_of
from miner.formats.tables import Kind
from miner.spec import Spec

SIDES = ("positive_messages", "negative_messages")


@dataclass(frozen=True, repr=False)
class MsSwift(Tabular, Spec):
    """The query is the user's message, each passage an answer of the assistant.

    On reading, other messages (of the system) are passed over.
    """

    name: ClassVar[str] = "ms_swift"
    columns: ClassVar[Mapping[str, Kind]] = {
        "messages": "turns",
        "positive_messages": "dialogues",
        "negative_messages": "dialogues",
    }

    def encode(self, sourced: Sourced) -> Iterator[Record]:
        row = sourced.row
        record: Record = {"messages": [{"role": "user", "content": row.query}]}
        for side, texts in zip(SIDES, (row.relevant_passages, row.hard_negatives), strict=True):
            record[side] = [[{"role": "assistant", "content": text}] for text in texts]
        yield record

    def decode(self, records: Records, path: Path) -> Iterator[Row]:
        for line, record in records:
            messages, relevant = need(record, ("messages", "positive_messages"), path, line)
            negatives = record.get("negative_messages", [])
            try:
                query = _said(messages, "user")
                passages = [[_said(turns, "assistant") for turns in side] for side in (relevant, negatives)]
            except (TypeError, KeyError, IndexError, AttributeError):
                message = "is not of messages; expected lists of {'role': ..., 'content': ...}"
                raise InputError(path, line, message) from None
            yield row_of(query, passages[0], passages[1], path, line)


def _said(turns: list[dict[str, str]], role: str) -> str:
    """The last message of that role."""
    return [turn["content"] for turn in turns if turn["role"] == role][-1]
