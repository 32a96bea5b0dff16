"""Tables of queries with what answers them: their shape recognised, each record as a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from miner.corpus import beir, saved
from miner.corpus.columns import listed
from miner.corpus.notes import usable
from miner.corpus.options import ReadOptions
from miner.corpus.recognition import recognised
from miner.corpus.records import RECORDS
from miner.corpus.shapes import EXPECTED, SHAPES, RecordShape
from miner.corpus.sides import Fields
from miner.corpus.squad import questions
from miner.corpus.values import list_columns
from miner.corpus.walk import hint, suffix_of
from miner.data import Query
from miner.errors import ConfigError, InputError

SAMPLE = 20
"""Records by which a shape is recognised."""

OWN = ("cohere", "ids")
"""Shapes with miner's own names for columns: nothing needs to be said of them."""

Found = Iterator[tuple[int, dict[str, Any] | InputError]]


@dataclass(frozen=True)
class Table:
    """The queries of one file, a record each, in order; `gathered` where a query has several records."""

    path: Path
    shape: RecordShape
    fields: Fields
    gathered: bool
    queries: Iterator[Query]


def table_files(path: Path, split: str | None = None) -> list[Path]:
    """The files of a table: itself, the saved data set, or the files of records in a folder, or its folder data.

    Raises ConfigError where there are none.
    """
    if not path.is_dir() or saved.is_saved(path):
        return [path]
    for folder in (path, path / "data"):
        found = [file for file in folder.glob("*") if file.is_file() and _is_table(file)]
        found = [file for file in found if split is None or file.name.startswith(split)]
        if found:
            return sorted(found)
    raise ConfigError(
        f"{path}: holds no queries; expected queries and qrels (BEIR, MS MARCO), a saved data set, or files that end "
        f"in {', '.join(RECORDS)}"
    )


def _is_table(file: Path) -> bool:
    return not file.name.startswith(".") and suffix_of(file.name, RECORDS) is not None


def open_table(path: Path, options: ReadOptions, split: str | None = None) -> Table:
    """The queries of a file or saved data set, with the shape they come in, which is said.

    Raises ConfigError for a file that is no table, InputError for a table of no known shape.
    """
    return recognise(path, _records(path, options, split), options)


def recognise(path: Path, records: Found, options: ReadOptions) -> Table:
    """As open_table, of records that come with their number; `path` is where they are said to be from."""
    records = _asked(records)
    first = list(islice(records, SAMPLE))
    samples = [record for _, record in first if isinstance(record, dict)]
    names = list(dict.fromkeys(name for record in samples for name in record))
    lists = list_columns(samples) if suffix_of(path.name, (".csv", ".tsv")) else frozenset[str]()
    found = recognised(names, _sample(samples), options.columns, lists)
    if found is None:
        raise _unknown(path, names, first, options)
    shape, fields = found
    several = any(isinstance(record.get(fields.relevant or ""), list | dict) for record in samples)
    one = shape.flat or not (several or fields.relevant in lists or fields.ids)
    if fields.query != "query" or shape.name not in OWN:
        options.notes.tell(f"{path.name}: {shape.name} ({fields})")
    make = _Queries(path, shape, fields, options)
    read = usable(path, chain(first, records), make, options.notes, f"{shape.name} ({fields})")
    return Table(path, shape, fields, one, read)


def _asked(records: Found) -> Found:
    """The records, those of paragraphs with questions as a record for each of these."""
    for number, record in records:
        several = [record] if isinstance(record, InputError) else questions(record)
        yield from ((number, each) for each in several)


def _records(path: Path, options: ReadOptions, split: str | None) -> Found:
    if path.is_dir():
        return ((number, options.columns.opened(row)) for number, row in saved.read_saved(path, split))
    if not path.exists():
        raise ConfigError(f"{path}: no such file")
    suffix = suffix_of(path.name, RECORDS)
    if suffix is None:
        advice = f" ({said})" if (said := hint(path)) else ""
        raise ConfigError(
            f"{path}: not a file of queries{advice}; expected one that ends in {', '.join(RECORDS)}"
        )
    return RECORDS[suffix](path, options)


def _sample(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """One record out of several: of each column the first value there is."""
    merged: dict[str, Any] = {}
    for record in samples:
        merged |= {name: value for name, value in record.items() if merged.get(name) is None}
    return merged


def _unknown(path: Path, names: list[str], first: list[tuple[int, Any]], options: ReadOptions) -> InputError:
    if not first:
        return InputError(path, None, "holds no queries")
    error = next((found for _, found in first if isinstance(found, InputError)), None)
    if not names and error:
        return InputError(path, error.line, f"{error.message}; tried as {path.suffix.lstrip('.')} of queries")
    if missing := options.columns.missing(names):
        return InputError(path, None, missing)
    nothing = f"holds no queries with what answers them: found {listed(names)}"
    if path in beir.queries_of(path.parent) and beir.qrels_files(path.parent):
        return InputError(
            path, None, f"{nothing}; what answers them stands beside it: name the folder, {path.parent}"
        )
    shapes = ", ".join(shape.name for shape in SHAPES)
    return InputError(path, None, f"{nothing}; {EXPECTED} (shapes: {shapes})")


class _Queries:
    """Makes a query of each record; notes what is blank."""

    def __init__(self, path: Path, shape: RecordShape, fields: Fields, options: ReadOptions) -> None:
        self.path, self.shape, self.fields, self.notes = path, shape, fields, options.notes

    def __call__(self, record: Mapping[str, Any], line: int) -> Query | None:
        sides = self.shape.read(record, self.fields, self.path, line)
        if not sides.query.strip():
            self.notes.passed_over(self.path, line, f"{self.fields.query!r} is blank; expected text")
            return None
        relevant = tuple(text for text in sides.relevant if text.strip())
        if len(relevant) < len(sides.relevant):
            self.notes.passed_over(
                self.path, line, f"{self.fields.relevant!r} holds a blank passage; expected text"
            )
            if not relevant and not sides.ids:
                return None
        negatives = tuple(text for text in sides.negatives if text.strip())
        return Query(sides.query, relevant, sides.ids, negatives, f"{self.path}:{line}")
