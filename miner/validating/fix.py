"""A corrected copy of a file: without what Cohere's platform itself removed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import orjson

from miner.data import Row
from miner.errors import ConfigError
from miner.formats.cohere import record_of
from miner.formats.copies import copies
from miner.formats.receipts import thin
from miner.validating import lines
from miner.validating.across import Known, hash_of, relevant_of_twins
from miner.validating.texts import texts_of


@dataclass
class Fixed:
    """What the copy lacks: negatives by reason, and how many rows lost some."""

    rows: int = 0
    blank: int = 0
    repeated: int = 0
    overlapping: int = 0
    """Relevant passages that stood among the negatives of a row of their query, each counted once a row."""


def fix_file(path: Path, out: Path, *, overlap: bool = False) -> Fixed:
    """Copy the rows without blank and repeated negatives and, on request, without overlapping ones, also those that
    another row of the same query has among its relevant passages.

    Lines that nothing is taken from, and lines that are no rows, are copied as they are. Receipts
    beside the file are corrected alike, the run's record is copied with a note. Raises ConfigError
    where `out` is the input itself.
    """
    if out.resolve() == path.resolve():
        raise ConfigError(f"{out}: is the file that was read; expected another name for the copy")
    fixed = Fixed()
    with copies(path, out) as ((copy,), receipts):
        copy.how = {"command": "validate --fix", "overlap": overlap}
        known = relevant_of_twins(path) if overlap else {}
        for line in lines.read(path):
            row = texts_of(line.record).row if line.record is not None else None
            kept = _correct(row, _struck(row, known) if overlap else frozenset(), fixed) if row else None
            copy.rows.write((line.raw if row is None or kept is None else _without(row, kept)) + b"\n")
            if receipts and copy.receipts:
                receipt = receipts.take(row)
                copy.receipts.write(orjson.dumps(receipt if kept is None else thin(receipt, kept)) + b"\n")
    return fixed


def _struck(row: Row, known: Known) -> frozenset[str]:
    """What is relevant to the row's query, by this row or another."""
    return frozenset(row.relevant_passages).union(known.get(hash_of(row.query), ()))


def _correct(row: Row, struck: frozenset[str], fixed: Fixed) -> list[int] | None:
    """Places of the negatives that stay; None where all do."""
    seen: set[str] = set()
    kept: list[int] = []
    for place, text in enumerate(row.hard_negatives):
        if not text.strip():
            fixed.blank += 1
        elif text in seen:
            fixed.repeated += 1
        elif text in struck:
            fixed.overlapping += 1
        else:
            kept.append(place)
        seen.add(text)
    if len(kept) == len(row.hard_negatives):
        return None
    fixed.rows += 1
    return kept


def _without(row: Row, kept: list[int]) -> bytes:
    negatives = tuple(row.hard_negatives[place] for place in kept)
    return orjson.dumps(record_of(Row(row.query, row.relevant_passages, negatives)))
