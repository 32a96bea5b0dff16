"""CSV and TSV with a header line, quoted as RFC 4180 has it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from miner.errors import InputError
from miner.storage.files import MAX_LINE, decode, raw_lines


def read_csv(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line a row starts on and the row by the header's names.

    Raises InputError for broken quotes, a row of another width than the header, a repeated name.
    """
    return _read(path, ",")


def read_tsv(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """As read_csv, with tabs between the cells."""
    return _read(path, "\t")


def _read(path: Path, delimiter: str) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = _rows(path, delimiter)
    number, header = next(rows, (1, []))
    if len(set(header)) < len(header):
        raise InputError(path, number, "names a column twice in its header")
    for number, row in rows:
        if len(row) != len(header):
            raise InputError(path, number, f"has {len(row)} columns; expected {len(header)} as in the header")
        yield number, dict(zip(header, row, strict=True))


def _rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
    lines = (decode(line, path, number) for number, line in raw_lines(path))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(path, start, f"is not a row of cells ({error})") from None
        if row:
            yield start, row
