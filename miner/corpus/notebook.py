"""Jupyter notebooks: Markdown as it stands and code in fences; what the code gave out is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from miner.corpus.options import ReadOptions
from miner.errors import InputError
from miner.storage.files import read_text

FENCE = "~~~~"


def notebook_text(path: Path, options: ReadOptions) -> str:
    """The cells of a notebook as one document of Markdown. Raises InputError for what is no notebook."""
    try:
        book = orjson.loads(read_text(path, options.encoding))
    except orjson.JSONDecodeError as error:
        raise InputError(path, error.lineno, f"is not valid JSON ({error.msg})") from None
    cells = list(_cells(book))
    if not cells:
        raise InputError(path, None, "holds no cells; expected a Jupyter notebook")
    return "\n\n".join(map(_text, cells)).replace("\0", "")


def _cells(book: Any) -> Iterator[dict[str, Any]]:
    """Of the fourth format, or of the third, where they lie in worksheets."""
    sheets = book.get("worksheets") if isinstance(book, dict) else None
    for sheet in (book, *(sheets if isinstance(sheets, list) else ())):
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        if isinstance(cells, list):
            yield from (cell for cell in cells if isinstance(cell, dict))


def _text(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input"))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str) or not source.strip():
        return ""
    kind = cell.get("cell_type")
    if kind == "heading":
        return f"{'#' * min(_level(cell), 6)} {source}"
    return f"{FENCE}\n{source}\n{FENCE}" if kind == "code" else source if kind == "markdown" else ""


def _level(cell: dict[str, Any]) -> int:
    level = cell.get("level")
    return level if isinstance(level, int) and level > 0 else 1
