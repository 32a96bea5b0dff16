"""What an audit draws from: every negative of a mined file, by place, with the number it was kept by."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from miner.data import Float64, Int64, Row, UInt64
from miner.errors import InputError
from miner.formats.cohere import read_rows
from miner.formats.receipts import Receipts
from miner.judgments import Pair

SCALES = ("risk", "share", "similarity")
GIVEN = "given"


@dataclass(frozen=True)
class Population:
    """N mined negatives in the order of the file; those that rows came with are only counted."""

    path: Path
    scale: str | None
    """The first of SCALES that every negative has in its receipt; None without one."""
    scores: Float64
    """[N] by that scale; zeros without one."""
    keys: UInt64
    """[N] a hash of seed, query and passage: the order of drawing, whatever the order of the file."""
    rows: Int64
    """[N] row of the file, from 0."""
    places: Int64
    """[N] place among the row's negatives, from 0."""
    given: int

    def pairs(self, members: Sequence[int]) -> list[Pair]:
        """The texts of some negatives, in the order asked for; the file is read once more."""
        wanted: dict[int, list[int]] = {}
        for member in members:
            wanted.setdefault(int(self.rows[member]), []).append(int(member))
        found = dict[int, Pair]()
        for number, (row, entries) in enumerate(_rows(self.path)):
            for member in wanted.get(number, ()):
                place = int(self.places[member])
                id = entries[place].get("id")
                found[member] = Pair(
                    query=row.query,
                    passage=row.hard_negatives[place],
                    id=id if isinstance(id, str) else None,
                    relevant=row.relevant_passages,
                )
        return [found[int(member)] for member in members]


def read_population(path: Path, seed: int) -> Population:
    """Read mined rows with the receipts beside them, if there are any.

    Raises InputError for rows or receipts that are not what they must be, and where there is no negative.
    """
    scores = {scale: array("d") for scale in SCALES}
    keys, rows, places, given = array("Q"), array("q"), array("q"), 0
    for number, (row, entries) in enumerate(_rows(path)):
        for place, (text, entry) in enumerate(zip(row.hard_negatives, entries, strict=True)):
            if entry.get("source") == GIVEN:
                given += 1
                continue
            keys.append(_hash(seed, row.query, text))
            rows.append(number)
            places.append(place)
            for scale in SCALES:
                value = entry.get(scale)
                scores[scale].append(value if isinstance(value, int | float) else np.nan)
    if not keys:
        raise InputError(path, None, "holds no mined negative to audit")
    columns = {scale: np.array(values, np.float64) for scale, values in scores.items()}
    chosen = next((name for name, values in columns.items() if np.isfinite(values).all()), None)
    return Population(
        path=path,
        scale=chosen,
        scores=columns[chosen] if chosen else np.zeros(len(keys)),
        keys=np.array(keys, np.uint64),
        rows=np.array(rows, np.int64),
        places=np.array(places, np.int64),
        given=given,
    )


def _rows(path: Path) -> Iterator[tuple[Row, list[dict[str, Any]]]]:
    """Rows with an entry of their receipt for each negative, {} where there are no receipts."""
    receipts = Receipts.beside(path)
    for line, row in read_rows(path):
        entries = receipts.take(row)["negatives"] if receipts else [{} for _ in row.hard_negatives]
        if receipts and not all(isinstance(entry, dict) for entry in entries):
            raise InputError(receipts.path, line, "'negatives' holds something that is not an object")
        yield row, entries


def _hash(seed: int, query: str, passage: str) -> int:
    digest = hashlib.blake2b(seed.to_bytes(8, "little", signed=True), digest_size=8)
    for text in (query, passage):
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return int.from_bytes(digest.digest(), "little")
