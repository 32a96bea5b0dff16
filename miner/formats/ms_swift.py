"""What ms-swift's reranker training takes: messages, positive_messages, negative_messages.

https://swift.readthedocs.io/en/v3.9/BestPractices/Reranker.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from miner.formats.base import Record, Sourced, Tabular
from miner.formats.tables import Kind
from miner.spec import Spec

SIDES = ("positive_messages", "negative_messages")


@dataclass(frozen=True, repr=False)
class MsSwift(Tabular, Spec):
    """The query is the user's message, each passage an answer of the assistant."""

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
