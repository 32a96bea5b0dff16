"""JSON with its texts cleaned: an object a line, or one list of objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from miner.cleaning.texts import Clean, CleanAt, cleaned_record, cleaned_value
from miner.corpus.columns import Columns
from miner.corpus.jsonfiles import MAX_JSON, is_one_value, parsed, record_of, records_within
from miner.corpus.notes import usable
from miner.corpus.options import ReadOptions
from miner.storage.files import read_bytes, read_lines


def clean_json(file: Path, stream: BinaryIO, options: ReadOptions, clean: CleanAt) -> int:
    """Write the file with its texts cleaned; what changes nothing keeps its bytes. How many values were written.

    Lines that cannot be read are noted and left out. Raises InputError for one value that cannot be read.
    """
    columns = options.columns
    if is_one_value(file, options):
        data = read_bytes(file, options.encoding, MAX_JSON)
        stream.write(_rewritten(data, parsed(data, file, None), columns, clean))
        return 1

    def cleaned(line: bytes, number: int) -> bytes:
        value = parsed(line, file, number)
        record_of(value, file, number)
        return _rewritten(line, value, columns, lambda place: clean(number + place - 1))

    written = 0
    for line in usable(file, read_lines(file, options.encoding), cleaned, options.notes, "lines of JSON"):
        stream.write(line + b"\n")
        written += 1
    return written


def _rewritten(data: bytes, value: Any, columns: Columns, clean: CleanAt) -> bytes:
    found = _cleaned(value, columns, clean)
    if found == value:
        return data
    if b"NaN" in data or b"Infinity" in data:
        return json.dumps(found, ensure_ascii=False).encode()
    return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if b"\n" in data else 0)


def _cleaned(value: Any, columns: Columns, clean: CleanAt) -> Any:
    """A record, a list of them, or an object that holds such a list."""
    if isinstance(value, list):
        return [_one(item, columns, clean(place)) for place, item in enumerate(value, 1)]
    if isinstance(value, dict) and (within := records_within(value)) is not None:
        name, records = within
        return value | {name: _cleaned(records, columns, clean)}
    return _one(value, columns, clean(1))


def _one(value: Any, columns: Columns, clean: Clean) -> Any:
    return (cleaned_record if isinstance(value, dict) else cleaned_value)(value, columns, clean)
