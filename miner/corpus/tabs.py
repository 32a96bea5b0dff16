"""Rows of cells with tabs between them, whatever quotes they have."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from miner.errors import InputError

LONGEST_ROW = 1000
"""Lines over which a quoted cell may go on."""

_GUARDED = re.compile(r"'+[=+\-@\t\r]")

Line = tuple[int, str | InputError]


def tab_rows(lines: Iterator[Line], bare: bool = True) -> Iterator[tuple[int, list[str] | InputError]]:
    """Line and cells of each row; the first row tells how many there are.

    A line with as many cells is a row. A cell in quotes may go on over lines that are no rows themselves.
    `bare` takes off the quotes that guard a spreadsheet.
    """
    waiting: list[Line] = []
    width = 0
    while True:
        number, line = waiting.pop(0) if waiting else next(lines, (0, ""))
        if not number:
            return
        if isinstance(line, InputError):
            yield number, line
            continue
        line = line.rstrip("\r\n")
        if not line.strip():
            continue
        cells = line.split("\t")
        if '"' in line:
            cells = _continued(line, width, waiting, lines) or [_bare(cell) for cell in cells]
        if bare and "'" in line:
            cells = [unguarded(cell) for cell in cells]
        width = width or len(cells)
        yield number, cells


def unguarded(cell: str) -> str:
    """A cell without the quote that keeps a spreadsheet from running it as a formula."""
    return cell[1:] if _GUARDED.match(cell) else cell


def _continued(line: str, width: int, waiting: list[Line], lines: Iterator[Line]) -> list[str] | None:
    """The cells of a row that begins with `line` and goes on over the next ones; None where it does not.

    What was read in vain is left in `waiting`.
    """
    if not width or not _is_open(line):
        return None
    parts, ahead = [line], list[Line]()
    while len(parts) < LONGEST_ROW:
        following = waiting.pop(0) if waiting else next(lines, None)
        if following is None:
            break
        ahead.append(following)
        more = following[1]
        if isinstance(more, InputError) or more.count("\t") == width - 1 > 0:
            break
        parts.append(more.rstrip("\r\n"))
        if more.count('"') % 2 and (cells := _quoted(parts, width)):
            return cells
    waiting[:0] = ahead
    return None


def _is_open(line: str) -> bool:
    """Whether the last cell that begins with a quote is not closed."""
    last = line.split("\t")[-1]
    return last[:1] == '"' and (last.count('"') % 2 == 1)


def _quoted(parts: list[str], width: int) -> list[str] | None:
    try:
        rows = list(csv.reader(["\n".join(parts)], delimiter="\t", strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 and len(rows[0]) == width else None


def _bare(cell: str) -> str:
    """A cell without the quotes around it, if it is wholly in quotes."""
    inner = cell[1:-1]
    if len(cell) < 2 or cell[0] != '"' or cell[-1] != '"' or '"' in inner.replace('""', ""):
        return cell
    return inner.replace('""', '"')
