"""What commands print: talk on stderr, tables, progress, texts that cannot steer a terminal."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from miner.progress import Terminal as Terminal


def safe(text: str, width: int | None = None) -> str:
    """The text on one line with control, format and escape characters made visible, cut to `width`."""
    line = "".join(_visible(character) for character in " ".join(text.split()))
    return line if width is None or len(line) <= width else line[: width - 1] + "…"


def _visible(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character


def harmless(text: str) -> str:
    """The text with its lines and spaces, and all else that could steer a terminal made visible."""
    return "".join(c if c in "\n\t" else _visible(c) for c in text)


def say(text: str) -> None:
    print(harmless(text), file=sys.stderr, flush=True)  # noqa: T201


def show_text(text: str) -> None:
    """Print a result that people read."""
    print(harmless(text), flush=True)  # noqa: T201


def show_json(value: Any, *, indent: bool = True) -> None:
    """Print a result that programs read: what could steer a terminal is escaped as JSON has it."""
    import orjson

    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else None).decode()
    print("".join(c if c == "\n" or _visible(c) == c else json.dumps(c)[1:-1] for c in text), flush=True)  # noqa: T201


def complain(text: str) -> None:
    say(f"error: {safe(text)}")


def table(rows: Iterable[Sequence[object]], header: Sequence[str] | None = None) -> str:
    """Columns aligned with two spaces between them; numbers to the right."""
    body = [["" if cell is None else str(cell) for cell in row] for row in rows]
    lines = [list(header), *body] if header else body
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))] if lines else []
    numeric = [all(_is_number(line[i]) for line in body) for i in range(len(widths))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )


def _is_number(cell: str) -> bool:
    return (
        cell.replace(",", "").replace(".", "").replace("%", "").replace("-", "").strip().isdigit() or not cell
    )
