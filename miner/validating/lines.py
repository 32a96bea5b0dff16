"""The lines of a file, each as an object or as the reason why it is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from miner.errors import InputError
from miner.storage.files import BOM, MAX_LINE, decode, kind, open_binary


@dataclass(slots=True)
class Line:
    """A line that is not blank. Without a `record`, `rule` and `message` say what is wrong with it."""

    number: int
    raw: bytes
    record: dict[str, Any] | None = None
    rule: str = ""
    message: str = ""


def read(path: Path) -> Iterator[Line]:
    """Every line with its number (from 1), blank ones left out, a byte order mark taken off.

    Raises InputError for a line over MAX_LINE bytes and for damaged compression.
    """
    number = 0
    try:
        with open_binary(path) as stream:
            while raw := stream.readline(MAX_LINE + 1):
                number += 1
                if len(raw) > MAX_LINE:
                    raise InputError(path, number, f"the line is longer than {MAX_LINE >> 20} MiB")
                raw = raw.removeprefix(BOM).strip() if number == 1 else raw.strip()
                if raw:
                    yield parse(path, number, raw)
    except (EOFError, OSError, ValueError) as error:
        raise InputError(path, number + 1, f"cannot be read on ({error})") from None


def begins_with_mark(path: Path) -> bool:
    """Whether a byte order mark stands before the first line. Raises InputError for damaged compression."""
    try:
        with open_binary(path) as stream:
            return stream.read(len(BOM)) == BOM
    except OSError as error:
        raise InputError(path, 1, f"cannot be read ({error})") from None


def parse(path: Path, number: int, raw: bytes) -> Line:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        try:
            decode(raw, path, number)
        except InputError as wrong:
            return Line(number, raw, rule="encoding", message=wrong.message.partition(";")[0])
        return Line(number, raw, rule="json", message=f"is not valid JSON ({error})")
    if not isinstance(value, dict):
        return Line(number, raw, rule="json", message=f"holds {kind(value)}; expected a JSON object")
    return Line(number, raw, value)
