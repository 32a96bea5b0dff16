"""What commands print: talk on stderr, tables, progress, texts that cannot steer a terminal."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miner.cli.opening import AfterOpening, Opening
from miner.progress import Progress, Silent, Terminal


@dataclass
class Manner:
    """How the command that runs was asked to speak."""

    quiet: bool = False
    as_json: bool = False


manner = Manner()
opening = Opening()
LEAST = 20
"""Columns that are worth showing a text in."""


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


def word(path: str | Path) -> str:
    """The path as a word of a command that people copy: quoted for the shell, and no option."""
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


def say(text: str) -> None:
    """Tell a person something on stderr, unless --quiet."""
    if not manner.quiet:
        _talk(text)


def gave_json(record: Callable[[], Any], *, indent: bool = True) -> bool:
    """Print the record with --json; whether it was asked for."""
    if manner.as_json:
        show_json(record(), indent=indent)
    return manner.as_json


def show_text(text: str) -> None:
    """Print a result that people read."""
    opening.end()
    print(harmless(_renamed(text)), flush=True)  # noqa: T201


def show_json(value: Any, *, indent: bool = True) -> None:
    """Print a result that programs read: what could steer a terminal is escaped as JSON has it."""
    import orjson

    from miner.storage.files import json_bytes

    text = _renamed(json_bytes(value, orjson.OPT_INDENT_2 if indent else 0).decode())
    opening.end()
    encoding = sys.stdout.encoding
    print("".join(c if _is_plain(c, encoding) else json.dumps(c)[1:-1] for c in text), flush=True)  # noqa: T201


def _is_plain(character: str, encoding: str) -> bool:
    """Whether a program that reads the encoding, and a terminal, take the character as it is."""
    if character.isascii():
        return character == "\n" or character.isprintable()
    return _visible(character) == character and bool(character.encode(encoding, "ignore"))


def complain(text: str) -> None:
    _talk(f"error: {safe(text)}")


_NAMES: dict[str, str] = {}
"""Temporary file -> what people know it as."""


@contextmanager
def shown_as(path: Path, name: str) -> Iterator[None]:
    """Call a temporary file by another name in all that is printed, until the program ends."""
    _NAMES[str(path)] = name
    yield


def as_shown(value: Any) -> Any:
    """A record, with temporary files called as people know them."""
    if isinstance(value, str):
        return _renamed(value)
    if isinstance(value, dict):
        return {name: as_shown(each) for name, each in value.items()}
    return [as_shown(each) for each in value] if isinstance(value, list) else value


def _renamed(text: str) -> str:
    for path, name in _NAMES.items():
        text = text.replace(path, name)
    return text


def _talk(text: str) -> None:
    opening.end()
    print(harmless(_renamed(text)), file=sys.stderr, flush=True)  # noqa: T201


def terminal_width() -> int | None:
    """Columns of the terminal that results are printed to; None where they go to a file or a program."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(
    rows: Iterable[Sequence[object]], header: Sequence[str] | None = None, width: int | None = None
) -> str:
    """Columns aligned with two spaces between them; numbers to the right. Given a `width` the last column is
    cut to what is left of it, or left out where that is less than LEAST."""
    from rich.cells import cell_len, set_cell_size

    body = [["" if cell is None else str(cell) for cell in row] for row in rows]
    lines = [list(header), *body] if header else body
    widths = [max(cell_len(line[i]) for line in lines) for i in range(len(lines[0]))] if lines else []
    numeric = [all(_is_number(line[i]) for line in body) for i in range(len(widths))]
    if width is not None and widths:
        room = width - sum(widths[:-1]) - 2 * (len(widths) - 1)
        for line in lines:
            if room < LEAST:
                line[-1] = ""
            elif cell_len(line[-1]) > room:
                line[-1] = set_cell_size(line[-1], room - 1).rstrip() + "…"
        widths[-1] = max(min(widths[-1], room), 0)
    return "\n".join("  ".join(map(_aligned, line, widths, numeric)).rstrip() for line in lines)


def _aligned(cell: str, width: int, right: bool) -> str:
    from rich.cells import cell_len

    space = " " * (width - cell_len(cell))
    return space + cell if right else cell + space


def _is_number(cell: str) -> bool:
    return (
        cell.replace(",", "").replace(".", "").replace("%", "").replace("-", "").strip().isdigit() or not cell
    )


def terminal() -> Progress:
    """The progress of a command: none where it was asked to be quiet."""
    return Silent() if manner.quiet else AfterOpening(opening, Terminal())
