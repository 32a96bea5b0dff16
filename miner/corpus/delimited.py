"""CSV and TSV: with a header or without one, with the separator that the header shows."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from miner.corpus.options import ReadOptions
from miner.corpus.tabs import tab_rows, unguarded
from miner.errors import InputError, MinerError
from miner.progress import count_of
from miner.storage.files import MAX_LINE, decode, raw_lines

Cells = Iterator[tuple[int, list[str] | InputError]]
Found = Iterator[tuple[int, dict[str, Any] | InputError]]

SEPARATORS = ",;\t|"
LONGEST_ROW = 4000
"""Lines from which a quoted cell counts as never closed; halved each time that one was not."""
_NAMED = re.compile(r"sep=(.)\s*")


def read_csv(path: Path, options: ReadOptions) -> Found:
    """Line a row starts on and the row by the header's names, quoted as RFC 4180 has it, or why it is none.

    Cells are separated by what the header has most of: comma, semicolon, tab or bar. Empty columns at the end
    need no name and may be missing. Without a header the names are '0', '1', ...
    """
    return named(csv_cells(path, options), path, options)


def read_tsv(path: Path, options: ReadOptions) -> Found:
    """As read_csv, with tabs between the cells and no rules of quoting: a line with the header's number of cells is
    a row, whatever quotes it has; only a cell wholly in quotes loses them.
    """
    return named(tsv_cells(path, options), path, options)


def named(rows: Cells, path: Path, options: ReadOptions) -> Found:
    """Rows of cells by the names of the header, or by numbers."""
    strict = options.notes.strict
    _, names, rows = with_names(rows, path, options)
    width = len(names)
    for number, row in rows:
        if isinstance(row, InputError):
            yield number, row
            continue
        row = row if len(row) == width else _fitted(row, width, strict)
        if len(row) == width:
            yield number, dict(zip(names, row, strict=True))
        else:
            expected = f"expected {width} as in the header"
            yield number, InputError(path, number, f"has {count_of(len(row), 'column')}; {expected}")


def with_names(rows: Cells, path: Path, options: ReadOptions) -> tuple[list[str], list[str], Cells]:
    """The header, the names of the columns and the rows; without a header the names are numbers.

    Raises InputError for a header that cannot be read, or lacks a name that is asked for.
    """
    number, header = next(rows, (1, list[str]()))
    if isinstance(header, InputError):
        raise header
    if options.columns.numbered or _is_data(header, options):
        return [], [str(place) for place in range(len(header))], chain([(number, header)], rows)
    return header, _checked(_names(header), path, number, options), rows


def _checked(names: list[str], path: Path, number: int, options: ReadOptions) -> list[str]:
    """The names of a header, each once. Raises InputError where one that is asked for is missing."""
    if missing := options.columns.missing(names):
        raise InputError(path, number, missing)
    if len(set(names)) == len(names):
        return names
    if options.notes.strict:
        raise InputError(path, number, "names a column twice in its header")
    return [f"{name}.{place}" if name in names[:place] else name for place, name in enumerate(names)]


def _names(header: list[str]) -> list[str]:
    """The header's names, without empty ones at its end."""
    names = [name.strip() for name in header]
    while len(names) > 1 and not names[-1]:
        names.pop()
    return names


def _fitted(row: list[str], width: int, strict: bool) -> list[str]:
    """The row without empty cells too many, and with empty ones for those that are missing."""
    while len(row) > width and not row[-1].strip():
        row.pop()
    return row if strict or len(row) > width else [*row, *[""] * (width - len(row))]


def _is_data(header: list[str], options: ReadOptions) -> bool:
    """Whether a first row holds data: it has no name that is known, and a number or a sentence."""
    if any(options.columns.known(cell.strip()) for cell in header):
        return False
    return any(cell.strip().isdecimal() or len(cell.split()) > 3 for cell in header)


def _decoded(line: bytes, path: Path, number: int) -> str | InputError:
    try:
        return decode(line, path, number)
    except InputError as error:
        return error


class _EndlessCell(MinerError):
    """A quoted cell that does not close."""


class _NotText(MinerError):
    """A line that cannot be decoded, for a reason."""

    def __init__(self, reason: InputError) -> None:
        super().__init__(reason)
        self.reason = reason


class _Lines:
    """The lines of a file for csv.reader, which can be given back."""

    def __init__(self, path: Path, encoding: str | None) -> None:
        self.path, self.again = path, deque[tuple[int, bytes]]()
        self.rest = raw_lines(path, encoding)
        self.held: list[tuple[int, bytes]] = []
        self.longest = LONGEST_ROW

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.held) >= self.longest:
            self.longest = max(self.longest // 2, 16)
            raise _EndlessCell
        line = self.again.popleft() if self.again else next(self.rest)
        self.held.append(line)
        try:
            return decode(line[1], self.path, line[0])
        except InputError as error:
            raise _NotText(error) from None

    def give_back(self) -> None:
        """All lines of the row that was begun but its first."""
        self.again.extendleft(reversed(self.held[1:]))


def tsv_cells(path: Path, options: ReadOptions, *, bare: bool = True) -> Cells:
    """Line and cells of each row, `bare` without the quotes that guard a spreadsheet."""
    lines = ((number, _decoded(line, path, number)) for number, line in raw_lines(path, options.encoding))
    return tab_rows(lines, bare)


def csv_cells(path: Path, options: ReadOptions, *, bare: bool = True) -> Cells:
    """As tsv_cells, of CSV."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
    lines = _Lines(path, options.encoding)
    first = next(lines.rest, None)
    if first is None:
        return
    header = decode(first[1], path, first[0])
    separator = _separator(header)
    if not _NAMED.fullmatch(header.strip('"\r\n ')):
        lines.again.append(first)
    while True:
        try:
            yield from _rows_on(csv.reader(lines, delimiter=separator, strict=True), lines, bare)
            return
        except _NotText as error:
            yield error.reason.line or 1, error.reason
        except (csv.Error, _EndlessCell) as error:
            start = lines.held[0][0]
            why = str(error) or "a quote is never closed"
            yield start, InputError(path, start, f"is not a row of cells ({why})")
            lines.give_back()


def _rows_on(reader: Iterator[list[str]], lines: _Lines, bare: bool) -> Cells:
    """The rows from here to the end, or to what is no row."""
    lines.held.clear()
    for row in reader:
        if row:
            number, line = lines.held[0]
            if bare and (b"'" in line or len(lines.held) > 1):
                row = [unguarded(cell) for cell in row]
            yield number, row
        lines.held.clear()


def separator_of(path: Path, options: ReadOptions) -> str:
    """What separates the cells of a file of CSV."""
    number, first = next(raw_lines(path, options.encoding), (1, b""))
    return _separator(decode(first, path, number))


def _separator(header: str) -> str:
    """What separates the names of a header: the one there is most of, outside of quotes."""
    if named := _NAMED.fullmatch(header.strip('"\r\n ')):
        return named[1]
    bare = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=bare.count)
