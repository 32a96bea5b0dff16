"""The seam between rows and files of other formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Protocol

from miner.data import Row
from miner.formats import tables

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sourced:
    """A row with its receipt (see miner.formats.receipts), where there is one."""

    row: Row
    receipt: Mapping[str, Any] | None = None

    def of_relevant(self, field: str) -> list[Any]:
        """A field of each relevant passage's receipt, None where it is not known."""
        return self._each("relevant", field, len(self.row.relevant_passages))

    def of_negatives(self, field: str) -> list[Any]:
        """A field of each negative's receipt, None where it is not known."""
        return self._each("negatives", field, len(self.row.hard_negatives))

    def scores(self) -> tuple[list[float], list[float]] | None:
        """Scores of relevant passages and negatives, the teacher's or else similarities; None unless all of the
        row are known."""
        for field in ("teacher", "similarity"):
            found = self.of_relevant(field), self.of_negatives(field)
            if all(score is not None for side in found for score in side):
                return found
        return None

    def _each(self, side: str, field: str, count: int) -> list[Any]:
        if self.receipt is None:
            return [None] * count
        return [entry.get(field) for entry in self.receipt[side]]


class Format(Protocol):
    """A way to write rows into a file or folder; miner.corpus.shapes reads them all.

    Its options are the fields of a frozen dataclass.
    """

    name: ClassVar[str]

    def carries(self, row: Row) -> bool:
        """Whether the format can hold the row; `write` leaves out rows that it cannot."""

    def write(self, path: Path, rows: Iterable[Sourced]) -> None:
        """Write the rows, whole or not at all."""


class Tabular:
    """Mix-in of a format that is a list of records: any kind of table that miner.formats.tables knows."""

    columns: ClassVar[Mapping[str, tables.Kind]]

    def carries(self, row: Row) -> bool:
        return True

    def encode(self, sourced: Sourced) -> Iterator[Record]:
        """The records of one row."""
        raise NotImplementedError

    def fields(self) -> Mapping[str, tables.Kind]:
        """The columns, in order, as they are named with the format's options."""
        return self.columns

    def write(self, path: Path, rows: Iterable[Sourced]) -> None:
        held = (sourced for sourced in rows if self.carries(sourced.row))
        tables.write(path, chain.from_iterable(map(self.encode, held)), self.fields())
