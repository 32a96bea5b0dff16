"""Files of records (JSONL, CSV, TSV, parquet): their rows as dicts, and such rows as passages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from miner.corpus.chunk import Chunker
from miner.corpus.delimited import read_csv, read_tsv
from miner.corpus.parquet import read_parquet
from miner.data import Passage
from miner.errors import InputError
from miner.storage.files import kind, read_jsonl

Records = Callable[[Path], Iterator[tuple[int, dict[str, Any]]]]

RECORDS: dict[str, Records] = {
    ".jsonl": read_jsonl,
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".parquet": read_parquet,
}
ID_KEYS = ("_id", "id")
DOCUMENT_KEYS = ("parent", "parent_id", "doc_id")
TEXT_KEYS = ("text", "contents")


def record_reader(read: Records) -> Callable[[Path, str, Chunker], Iterator[Passage]]:
    """A reader of passages out of a reader of records. A record is one passage, however long."""

    def passages(path: Path, source: str, chunker: Chunker) -> Iterator[Passage]:
        for line, record in read(path):
            yield _passage(record, path, source, line)

    return passages


def _passage(record: Mapping[str, Any], path: Path, source: str, line: int) -> Passage:
    key = first_key(record, TEXT_KEYS)
    if key not in record:
        raise InputError(path, line, f"has no text; expected 'text' or 'contents', found {names(record)}")
    title = record.get("title")
    return Passage(
        id=identifier(record, path, line) or f"{source}:{line}",
        text=string(record[key], key, path, line),
        title="" if title is None else string(title, "title", path, line),
        source=source,
        offset=line,
        document=_document(record, path, line),
    )


def _document(record: Mapping[str, Any], path: Path, line: int) -> str:
    """The document that the record says it is a part of, if it does; '' for one that is its own."""
    key = first_key(record, DOCUMENT_KEYS)
    value = record.get(key)
    named = isinstance(value, (str, int)) and not isinstance(value, bool)
    return string(str(value), key, path, line) if named else ""


def identifier(record: Mapping[str, Any], path: Path, line: int) -> str:
    """The record's `_id` or `id`; a whole number as its decimal string; '' if it has none."""
    key = first_key(record, ID_KEYS)
    value = record.get(key)
    return "" if value is None else id_string(value, key, path, line)


def id_string(value: object, key: str, path: Path | str, line: int) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
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


def first_key(record: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    """The first of the keys that has a value; else the first that is there; else the first."""
    present = [key for key in keys if key in record] or keys
    return next((key for key in present if record.get(key) is not None), present[0])


def names(record: Mapping[str, Any]) -> str:
    """The keys of a record for a message."""
    keys = [str(key) for key in record]
    return (", ".join(keys[:8]) + (", …" if len(keys) > 8 else "")) or "nothing"
