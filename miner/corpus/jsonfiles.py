"""JSON: an object a line (.jsonl, .ndjson), or one list of objects (.json). Each is read in either's name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from miner.corpus.columns import KNOWN
from miner.corpus.options import ReadOptions
from miner.corpus.squad import paragraphs
from miner.errors import InputError
from miner.storage.files import decode, kind, read_bytes, read_lines

Record = dict[str, Any]
Found = Iterator[tuple[int, Record | InputError]]

MAX_JSON = 2**28
"""Bytes of a file that holds one JSON value; it is held in memory as a whole."""


def read_json(path: Path, options: ReadOptions) -> Found:
    """Line, or number of the record in its list (from 1), and record, or the reason why there is none.

    An object may hold its records in one list, by their ids, as columns, or as SQuAD's paragraphs; a text alone is a
    record of 'text', a list of texts one of the columns '0', '1', ... NaN is read as a number.
    """
    lines = read_lines(path, options.encoding)
    first = next(lines, None)
    if first is None:
        return
    if _opens(first[1]):
        lines.close()  # type: ignore[attr-defined]
        yield from _whole(path, options)
        return
    second = next(lines, None)
    if second is None and (first[1][:1] == b"{" or path.suffix.lower() == ".json"):
        yield from _records(_parsed_or_error(first[1], path, first[0]), path, first[0], options)
        return
    for number, line in chain([first], [second] if second else [], lines):
        try:
            yield number, record_of(parsed(line, path, number), path, number)
        except InputError as error:
            yield number, error


def is_one_value(path: Path, options: ReadOptions) -> bool:
    """Whether a file holds one value that goes on over its lines, or a list of records."""
    lines = read_lines(path, options.encoding)
    first = next(lines, None)
    lines.close()  # type: ignore[attr-defined]
    return first is not None and _opens(first[1])


def _opens(line: bytes) -> bool:
    """Whether a first line begins a value that goes on over further lines, or holds a list of records."""
    if line[:1] not in b"[{":
        return False
    if line[:1] == b"{" and line[-1:] == b"}":
        return False
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line[:1] == b"[" or line == b"{" or line[-1:] in b",[{"
    return isinstance(value, list) and not all(isinstance(item, str) for item in value)


def _whole(path: Path, options: ReadOptions) -> Found:
    yield from _records(parsed(read_bytes(path, options.encoding, MAX_JSON), path, None), path, 1, options)


def _records(value: Any, path: Path, first: int, options: ReadOptions) -> Found:
    """The records of one value; they are numbered from where it begins. An object to which paths lead is one."""
    if isinstance(value, InputError):
        yield first, value
        return
    columns = options.columns
    named = isinstance(value, dict) and columns.deep and not columns.missing(value)
    for number, item in enumerate([value] if named else _items(value, path), first):
        try:
            yield number, record_of(item, path, number)
        except InputError as error:
            yield number, error


def records_within(value: Mapping[str, Any]) -> tuple[str, list[Record]] | None:
    """The name and the records of the one list that an object without a name of a record holds; None without one."""
    inner = [(name, each) for name, each in value.items() if isinstance(each, list) and each]
    if (
        len(inner) != 1
        or KNOWN.intersection(value)
        or not all(isinstance(item, dict) for item in inner[0][1])
    ):
        return None
    return inner[0]


def named_records(value: Mapping[str, Any]) -> list[Record]:
    """The records of an object that has them by their ids, as BEIR's loader has a corpus; none for another one."""
    if (
        len(value) < 2
        or KNOWN.intersection(value)
        or not all(isinstance(each, dict) for each in value.values())
    ):
        return []
    return [{"_id": id, **record} for id, record in value.items()]


def _items(value: Any, path: Path) -> list[Any]:
    if isinstance(value, list):
        return paragraphs(value) or value
    if isinstance(value, dict):
        if (within := records_within(value)) is not None:
            return paragraphs(within[1]) or within[1]
        inner = [each for each in value.values() if isinstance(each, list) and each]
        plain = all(not isinstance(item, (list, dict)) for each in inner for item in each)
        if len(inner) == len(value) and plain and len({len(each) for each in inner}) == 1:
            return [dict(zip(value, row, strict=True)) for row in zip(*inner, strict=True)]
        return named_records(value) or [value]
    raise InputError(path, None, f"holds {kind(value)}; expected a list of objects")


def _parsed_or_error(data: bytes, path: Path, number: int) -> Any:
    try:
        return parsed(data, path, number)
    except InputError as error:
        return error


def record_of(value: Any, path: Path, number: int) -> Record:
    """A value as a record. Raises InputError for what is neither an object, nor a text, nor a list of texts."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, list) and len(value) > 1 and all(isinstance(item, str) for item in value):
        return {str(place): item for place, item in enumerate(value)}
    raise InputError(path, number, f"holds {kind(value)}; expected a JSON object")


def parsed(data: bytes, path: Path, number: int | None) -> Any:
    """The value that JSON holds, NaN and the like as numbers. Raises InputError for what is none."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        text = decode(data, path, number or 1)
        if "NaN" in text or "Infinity" in text:
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                pass
        raise InputError(path, number, f"is not valid JSON ({error})") from None
