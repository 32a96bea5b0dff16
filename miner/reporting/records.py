"""Rows of a data set together with what their receipts tell about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from miner.data import Row
from miner.errors import InputError
from miner.formats.cohere import RECEIPTS, companion
from miner.formats.receipts import entries
from miner.storage import files
from miner.validating import lines
from miner.validating.texts import RowTexts, texts_of


@dataclass(frozen=True, slots=True)
class PassageEvidence:
    """What a receipt tells about one passage; None where it tells nothing."""

    id: str | None = None
    title: str | None = None
    similarity: float | None = None
    """Cosine to the query."""
    to_relevant: float | None = None
    """Cosine to the nearest relevant passage; negatives only."""
    risk: float | None = None
    """Estimated probability that the passage answers the query; negatives only."""
    teacher: float | None = None
    """A cross-encoder's score of query and passage; negatives only."""
    rank: int | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Evidence for each relevant passage and each hard negative of a row, in the row's order."""

    relevant: tuple[PassageEvidence, ...]
    negatives: tuple[PassageEvidence, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A row, the line it stands on (from 1) and its receipt, if one fits it."""

    line: int
    row: Row
    receipt: Receipt | None


def read_records(path: Path) -> Iterator[Record | None]:
    """The rows of a file in Cohere's format, with their receipts where `*.receipts.jsonl` lies beside it.

    None stands for a line that holds no row: `miner validate` says why. A receipt counts only if its
    query and its numbers of passages are those of the row. Raises InputError for a damaged receipt.
    """
    receipts = _receipts(path)
    for line in lines.read(path):
        given = next(receipts, None)
        row = None if line.record is None else _row(texts_of(line.record))
        yield None if row is None else Record(line.number, row, _fitting(row, given))


def _row(texts: RowTexts) -> Row | None:
    if texts.odd or texts.query is None:
        return None
    return Row(texts.query, tuple(texts.relevant), tuple(texts.negatives))


def _receipts(path: Path) -> Iterator[tuple[str, Receipt]]:
    beside = companion(path, RECEIPTS)
    if not beside.exists():
        return
    for line, value in files.read_jsonl(beside):
        query = value.get("query")
        if not isinstance(query, str):
            raise InputError(beside, line, "has no 'query'; expected the query of the row it belongs to")
        relevant = _evidence(value, "relevant", beside, line)
        yield query, Receipt(relevant, _evidence(value, "negatives", beside, line))


def _fitting(row: Row, given: tuple[str, Receipt] | None) -> Receipt | None:
    if given is None:
        return None
    query, receipt = given
    fits = (
        query == row.query
        and len(receipt.relevant) == len(row.relevant_passages)
        and len(receipt.negatives) == len(row.hard_negatives)
    )
    return receipt if fits else None


def _evidence(value: Mapping[str, Any], side: str, path: Path, line: int) -> tuple[PassageEvidence, ...]:
    known = [field.name for field in fields(PassageEvidence)]
    return tuple(
        PassageEvidence(**{name: entry.get(name) for name in known})
        for entry in entries(value, side, path, line)
    )
