"""Cohere's rows as one of the formats: JSONL, or the same fields in any other table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from miner.formats.base import Record, Sourced, Tabular
from miner.formats.cohere import record_of
from miner.formats.tables import Kind
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class CohereRows(Tabular, Spec):
    """query, relevant_passages, hard_negatives; in CSV and TSV the lists are JSON arrays."""

    name: ClassVar[str] = "cohere"
    columns: ClassVar[Mapping[str, Kind]] = {
        "query": "text",
        "relevant_passages": "texts",
        "hard_negatives": "texts",
    }

    def encode(self, sourced: Sourced) -> Iterator[Record]:
        yield record_of(sourced.row)
