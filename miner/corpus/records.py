"""Files of records: their rows as dicts, and such rows as passages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from miner.corpus.chunk import Chunker
from miner.corpus.columns import Columns, listed
from miner.corpus.delimited import read_csv, read_tsv
from miner.corpus.jsonfiles import read_json
from miner.corpus.notes import usable
from miner.corpus.options import ReadOptions
from miner.corpus.parquet import read_parquet
from miner.data import Passage
from miner.errors import InputError
from miner.storage.files import kind

Record = dict[str, Any]
Records = Callable[[Path, ReadOptions], Iterator[tuple[int, Record | InputError]]]


def _opened(read: Records) -> Records:
    """The reader, its records with what lies at the paths into objects that are named."""

    def records(path: Path, options: ReadOptions) -> Iterator[tuple[int, Record | InputError]]:
        for number, record in read(path, options):
            yield number, record if isinstance(record, InputError) else options.columns.opened(record)

    return lambda path, options: (records if options.columns.deep else read)(path, options)


RECORDS: dict[str, Records] = {
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), _opened(read_json)),
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".parquet": _opened(read_parquet),
}
DOCUMENT_KEYS = ("parent", "parent_id", "doc_id", "document_id")
EXACT = 2**53
"""Below it a float that is a whole number is that number."""
HEADERLESS = {1: ("text",), 2: ("id", "text"), 4: ("id", "", "title", "text")}
"""Columns of a file without a header, by their number; four are those of MS MARCO's documents."""

Roles = tuple[str | None, str | None, str | None]


def record_reader(read: Records) -> Callable[[Path, str, Chunker, ReadOptions], Iterator[Passage]]:
    """A reader of passages out of a reader of records. A record is one passage, however long."""

    def passages(path: Path, source: str, chunker: Chunker, options: ReadOptions) -> Iterator[Passage]:
        read_as = f"{path.suffix.lstrip('.')} with a text in each record"
        make = _Passages(path, source, options)
        yield from usable(path, read(path, options), make, options.notes, read_as)
        make.close()

    return passages


class _Passages:
    """Makes passages of records and counts those that have no text."""

    def __init__(self, path: Path, source: str, options: ReadOptions) -> None:
        self.path, self.source, self.columns, self.notes = path, source, options.columns, options.notes
        self.without: list[tuple[int, str]] = []
        self.some = False
        self.before, self.part = "", 1

    def __call__(self, record: Mapping[str, Any], line: int) -> Passage | None:
        id, title, text = _roles(self.columns, tuple(record))
        if text is None:
            self._lacking(record, line)
            return None
        if not self.some:
            self.some = True
            self._flush()
        found, heading = joined(record[text]), record[title] if title else None
        if found is not record[text]:
            self.notes.tell(f"{self.path.name}: the lists in {text!r} are joined, each to one text")
        if not self.notes.strict:
            found = "" if found is None else found
            heading = heading if isinstance(heading, str) else _scalar(heading)
        return Passage(
            self._name(identifier(record, id, self.path, line), id) or f"{self.source}:{line}",
            string(found, text, self.path, line),
            "" if heading is None else string(heading, title or "", self.path, line),
            self.source,
            line,
            _document(record, self.path, line),
        )

    def _name(self, name: str, column: str | None) -> str:
        """The id; of pieces of one document, which follow each other under its id alone, the second is id#2."""
        self.part = self.part + 1 if name == self.before and column in DOCUMENT_KEYS else 1
        self.before = name
        return name if self.part == 1 else f"{name}#{self.part}"

    def _lacking(self, record: Mapping[str, Any], line: int) -> None:
        message = f"has no text; expected 'text' or 'contents', found {listed(record)}"
        if self.notes.strict:
            raise InputError(self.path, line, message)
        if self.some:
            self.notes.add(self.path, line, message)
        elif len(self.without) < 1000:
            self.without.append((line, message))

    def _flush(self) -> None:
        for line, message in self.without:
            self.notes.add(self.path, line, message)
        self.without.clear()

    def close(self) -> None:
        """Raises InputError for a file in which no record had a text."""
        if self.without and not self.some:
            found = self.without[0][1].partition("found ")[2]
            hint = "name the column as --columns 'text=NAME'"
            raise InputError(self.path, None, f"has no text in any record; found {found}; {hint}")


@lru_cache(maxsize=1024)
def _cached(columns: tuple[tuple[str, str], ...], names: tuple[str, ...]) -> Roles:
    known = Columns(dict(columns))
    if names and all(name == str(place) for place, name in enumerate(names)) and not columns:
        found = {role: str(place) for place, role in enumerate(HEADERLESS.get(len(names), ()))}
        return found.get("id"), found.get("title"), found.get("text")
    return known.find("id", names), known.find("title", names), known.find("text", names)


def _roles(columns: Columns, names: tuple[str, ...]) -> Roles:
    return _cached(tuple(columns.given.items()), names)


def _document(record: Mapping[str, Any], path: Path, line: int) -> str:
    """The document that the record says it is a part of, if it does; '' for one that is its own."""
    for key in DOCUMENT_KEYS:
        value = record.get(key)
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            return string(str(value), key, path, line)
    return ""


def joined(value: object) -> object:
    """A list of sentences as the text that they make; anything else as it is."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " ".join(filter(None, map(str.strip, value)))
    return value


def _scalar(value: object) -> str | None:
    """A number as text; nothing else."""
    return str(value) if isinstance(value, int | float) and value == value else None


def identifier(record: Mapping[str, Any], key: str | None, path: Path, line: int) -> str:
    """The record's id; a whole number as its decimal string; '' if it has none, or NaN as frames have it."""
    value = record[key] if key is not None else None
    return "" if value is None or value != value else id_string(value, key or "", path, line)


def id_string(value: object, key: str, path: Path | str, line: int) -> str:
    """A text or whole number as an id; 3.0, as frames have it beside a number that is missing, is 3. Raises InputError
    for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    return string(value, key, path, line, expected="a string or a whole number")


def string(value: object, key: str, path: Path | str, line: int, expected: str = "a string") -> str:
    """The value, if it is text that every file can hold: no NUL, no lone surrogates."""
    if not isinstance(value, str):
        raise InputError(path, line, f"'{key}' is {kind(value)}; expected {expected}")
    if "\0" in value:
        raise InputError(path, line, f"'{key}' holds a NUL character; expected text")
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise InputError(path, line, f"'{key}' holds a lone surrogate; expected Unicode text") from None
    return value
