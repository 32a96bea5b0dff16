"""One pass over a data set: columns of numbers of every row, and whole records of a seeded few."""

from __future__ import annotations

import hashlib
import heapq
from array import array
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from miner.reporting.records import Receipt, Record


@dataclass
class ReportCounts:
    """What is known of every row. Memory grows by some 30 bytes a passage, however long the texts are.

    Texts are kept as 64-bit digests; the i-th hard negative of the file has place i in `negatives`.
    """

    queries: array[int] = field(default_factory=lambda: array("Q"))
    relevant: array[int] = field(default_factory=lambda: array("Q"))
    negatives: array[int] = field(default_factory=lambda: array("Q"))
    relevant_per_query: array[int] = field(default_factory=lambda: array("L"))
    negatives_per_query: array[int] = field(default_factory=lambda: array("L"))
    relevant_similarity: array[float] = field(default_factory=lambda: array("d"))
    negative_similarity: array[float] = field(default_factory=lambda: array("d"))
    risk: array[float] = field(default_factory=lambda: array("d"))
    receipts: int = 0
    """Rows whose receipt fits."""
    refused: int = 0
    """Lines that hold no row."""

    def add(self, record: Record) -> None:
        row = record.row
        self.queries.append(digest(row.query))
        self.relevant.extend(map(digest, row.relevant_passages))
        self.negatives.extend(map(digest, row.hard_negatives))
        self.relevant_per_query.append(len(row.relevant_passages))
        self.negatives_per_query.append(len(row.hard_negatives))
        if record.receipt is not None:
            self._believe(record.receipt)

    def _believe(self, receipt: Receipt) -> None:
        self.receipts += 1
        self.relevant_similarity.extend(e.similarity for e in receipt.relevant if e.similarity is not None)
        self.negative_similarity.extend(e.similarity for e in receipt.negatives if e.similarity is not None)
        self.risk.extend(e.risk for e in receipt.negatives if e.risk is not None)


@dataclass(frozen=True)
class RowSample:
    """Records drawn without replacement, each equally likely, in the order of the file."""

    measured: list[Record]
    """What token lengths and near-paraphrases are measured on."""
    shown: list[Record]
    """What the page's table shows: the first drawn of `measured`, and rows that were asked for."""


def tally(
    records: Iterable[Record | None],
    *,
    measured: int,
    shown: int,
    seed: int,
    wanted: Container[int] = frozenset(),
) -> tuple[ReportCounts, RowSample]:
    """Count over all records; draw `measured` of them, and `shown` of those plus those on `wanted` lines.

    A record is drawn by the digest of seed and line alone: bottom-k sampling (Cohen & Kaplan 2007).
    """
    counts = ReportCounts()
    drawn: list[tuple[int, int, Record]] = []
    asked: dict[int, Record] = {}
    for record in records:
        if record is None:
            counts.refused += 1
            continue
        counts.add(record)
        if record.line in wanted:
            asked[record.line] = record
        entry = (-digest(f"{seed}:{record.line}"), record.line, record)
        if len(drawn) < max(measured, shown):
            heapq.heappush(drawn, entry)
        else:
            heapq.heappushpop(drawn, entry)
    best = [record for _, _, record in sorted(drawn, reverse=True)]
    asked.update((record.line, record) for record in best[:shown])
    return counts, RowSample(
        sorted(best[:measured], key=lambda record: record.line), [asked[line] for line in sorted(asked)]
    )


def digest(text: str) -> int:
    """A 64-bit digest of a text; among five million texts two alike are a one in a million chance."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
