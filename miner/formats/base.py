"""The seam between rows and files of other formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Protocol

from miner.data import Row
from miner.errors import InputError
from miner.formats import tables
from miner.formats.cohere import parse_row

Record = dict[str, Any]
Records = Iterable[tuple[int, Record]]
"""Line (or row number, from 1) and record."""


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

    def _each(self, side: str, field: str, count: int) -> list[Any]:
        if self.receipt is None:
            return [None] * count
        return [entry.get(field) for entry in self.receipt[side]]


class Format(Protocol):
    """A way to keep rows in a file or folder. Its options are the fields of a frozen dataclass."""

    name: ClassVar[str]

    def carries(self, row: Row) -> bool:
        """Whether the format can hold the row; `write` leaves out rows that it cannot."""

    def read(self, path: Path) -> Iterator[Row]:
        """The rows of a file. Raises InputError for what is not of the format."""

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

    def decode(self, records: Records, path: Path) -> Iterator[Row]:
        """The rows of a file's records."""
        raise NotImplementedError

    def fields(self) -> Mapping[str, tables.Kind]:
        """The columns, in order, as they are named with the format's options."""
        return self.columns

    def read(self, path: Path) -> Iterator[Row]:
        return self.decode(tables.read(path, self.fields()), path)

    def write(self, path: Path, rows: Iterable[Sourced]) -> None:
        held = (sourced for sourced in rows if self.carries(sourced.row))
        tables.write(path, chain.from_iterable(map(self.encode, held)), self.fields())


def row_of(query: object, relevant: object, negatives: object, path: Path, line: int) -> Row:
    """A row of what a record holds. Raises InputError for wrong types, blank queries and passages."""
    record = {"query": query, "relevant_passages": relevant, "hard_negatives": negatives}
    return parse_row(record, path, line)


def need(record: Record, names: Iterable[str], path: Path, line: int) -> list[Any]:
    """The fields' values. Raises InputError for one that is missing."""
    values = []
    for name in names:
        if record.get(name) is None:
            raise InputError(path, line, f"has no {name!r}; found {', '.join(record) or 'nothing'}")
        values.append(record[name])
    return values


def gather(parts: Iterable[tuple[int, object, Sequence[Any], Sequence[Any]]], path: Path) -> Iterator[Row]:
    """One row a query out of parts (line, query, relevant, negatives): in order, each text once."""
    queries: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for line, query, relevant, negatives in parts:
        texts = (query, *relevant, *negatives)
        if not all(isinstance(text, str) and text.strip() for text in texts):
            raise InputError(path, line, "holds a blank text or something that is no string; expected texts")
        sides = queries.setdefault(str(query), ({}, {}))
        sides[0].update(dict.fromkeys(relevant))
        sides[1].update(dict.fromkeys(negatives))
    for query, (found, wrong) in queries.items():
        if not found:
            raise InputError(path, None, f"has no relevant passage for the query {query[:80]!r}")
        yield Row(query, tuple(found), tuple(wrong))
