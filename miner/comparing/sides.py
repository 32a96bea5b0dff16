"""The two files to compare: rows matched by their folded query, rows of one query taken together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from miner.corpus.columns import Columns
from miner.corpus.options import ReadOptions
from miner.data import Int64, Row
from miner.errors import InputError
from miner.formats.cohere import read_rows
from miner.formats.reading import read_any
from miner.formats.receipts import Receipts
from miner.reranking.intervals import clusters
from miner.text.fold import fold, fold_kept

Evidence = Mapping[str, Any]
"""What a receipt says of a negative; empty where there is none."""


@dataclass(frozen=True, slots=True)
class MergedRow:
    """What one file has for a query: texts that are the same to a reader are held once, by their folded text."""

    query: str
    relevant: Mapping[bytes, str]
    negatives: Mapping[bytes, str]
    evidence: Mapping[bytes, Evidence]
    """Of the negatives."""

    @property
    def row(self) -> Row:
        return Row(self.query, tuple(self.relevant.values()), tuple(self.negatives.values()))


@dataclass(frozen=True)
class FileSide:
    """One file: its name, the number of its rows, and what it has by folded query, in the order of the file."""

    name: str
    rows: int
    queries: Mapping[bytes, MergedRow]
    receipts: bool


def read_side(path: Path, options: ReadOptions) -> FileSide:
    """A file of rows in any shape that `convert` reads; receipts are taken from beside Cohere JSONL. Columns that are
    named for one of two files need not be in the other.

    Raises InputError for rows or receipts that are not what they must be, and for a file without rows.
    """
    try:
        return _side(path, options)
    except InputError as error:
        if not options.columns.given:
            raise
        with suppress(InputError):
            return _side(path, replace(options, columns=Columns()))
        raise error from None


def _side(path: Path, options: ReadOptions) -> FileSide:
    receipts = Receipts.beside(path)
    count, merged = 0, dict[bytes, MergedRow]()
    for row, evidence in _rows(path, options, receipts):
        count += 1
        _take(merged, row, evidence)
    if not merged:
        raise InputError(path, None, "holds no rows")
    return FileSide(str(path), count, merged, receipts is not None)


def _rows(
    path: Path, options: ReadOptions, receipts: Receipts | None
) -> Iterator[tuple[Row, Iterable[Evidence]]]:
    if receipts is not None:
        for _, row in read_rows(path):
            yield row, receipts.take(row)["negatives"]
    else:
        for _, row in read_any(path, options):
            yield row, ({} for _ in row.hard_negatives)


def _take(merged: dict[bytes, MergedRow], row: Row, evidence: Iterable[Evidence]) -> None:
    query = fold(row.query)
    held = merged.setdefault(query, MergedRow(row.query, {}, {}, {}))
    relevant, negatives, known = dict(held.relevant), dict(held.negatives), dict(held.evidence)
    for text in row.relevant_passages:
        relevant.setdefault(fold_kept(text), text)
    for text, entry in zip(row.hard_negatives, evidence, strict=True):
        if text.strip():
            key = fold_kept(text)
            negatives.setdefault(key, text)
            known.setdefault(key, entry)
    merged[query] = MergedRow(held.query, relevant, negatives, known)


@dataclass(frozen=True, slots=True)
class RowPair:
    """A query that both files have."""

    a: MergedRow
    b: MergedRow

    @property
    def query(self) -> str:
        return self.a.query

    @property
    def relevant(self) -> Mapping[bytes, str]:
        """What either file names as relevant."""
        return {**self.a.relevant, **self.b.relevant}

    @property
    def sides(self) -> tuple[MergedRow, MergedRow]:
        return self.a, self.b


def pairs_of(a: FileSide, b: FileSide) -> list[RowPair]:
    """The queries of both files, in the order of the first."""
    return [RowPair(row, b.queries[key]) for key, row in a.queries.items() if key in b.queries]


def drawn(pairs: Sequence[RowPair], most: int, seed: int = 0) -> Sequence[RowPair]:
    """At most so many of the pairs (0: all), drawn by seed, in order."""
    if not most or len(pairs) <= most:
        return pairs
    chosen = np.random.default_rng(seed).choice(len(pairs), most, replace=False)
    return [pairs[i] for i in sorted(chosen.tolist())]


def groups_of(pairs: Sequence[RowPair]) -> Int64:
    """Cluster numbers of pairs, int64 [pairs]: those that share a relevant passage belong together."""
    return clusters([pair.query for pair in pairs], [tuple(pair.relevant.values()) for pair in pairs])
