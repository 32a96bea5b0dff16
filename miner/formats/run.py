"""The record of a run that lies beside the rows it wrote, read back and held to its shape."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import orjson

from miner.errors import InputError
from miner.formats.cohere import RUN, companion
from miner.storage.files import kind

OBJECTS = ("arguments", "index", "counts", "versions", "outputs", "counts.rejected")
LISTS = ("stages", "derived")
NUMBERS = ("arguments.n", "index.passages", "counts.candidates")


def read_run(path: Path) -> dict[str, Any] | None:
    """The record of the run that wrote the rows of `path`, None where none lies beside them.

    What miner reads out of it has the type that `miner mine` writes, or is null or missing. Raises
    InputError for what is not JSON, and for a field of another type.
    """
    beside = companion(path, RUN)
    if not beside.exists():
        return None
    try:
        run = orjson.loads(beside.read_bytes())
    except (orjson.JSONDecodeError, OSError) as error:
        raise InputError(beside, None, f"is not valid JSON ({error})") from None
    if not isinstance(run, dict):
        raise InputError(beside, None, f"holds {kind(run)}; expected a JSON object")
    _check(run, beside)
    return run


def _check(run: Mapping[str, Any], path: Path) -> None:
    for place in OBJECTS:
        _expect(_at(run, place), dict, "an object", place, path)
    for place in NUMBERS:
        if (number := _at(run, place)) is not None:
            _count(number, place, path)
    for name, number in (_at(run, "counts.rejected") or {}).items():
        _count(number, f"counts.rejected.{name}", path)
    for place in LISTS:
        entries = _at(run, place)
        _expect(entries, list, "a list of objects", place, path)
        for i, entry in enumerate(entries or []):
            if not isinstance(entry, dict):
                _refuse(entry, "an object", f"{place}[{i}]", path)


def _at(run: Mapping[str, Any], place: str) -> Any:
    """The value at a dotted place whose parents are known to be objects; None where it is missing."""
    value: Any = run
    for name in place.split("."):
        value = value.get(name) if value else None
    return value


def _expect(value: object, allowed: type, expected: str, place: str, path: Path) -> None:
    if value is not None and type(value) is not allowed:
        _refuse(value, expected, place, path)


def _count(value: object, place: str, path: Path) -> None:
    if type(value) is not int:
        _refuse(value, "a whole number", place, path)
    if value < 0:
        raise InputError(path, None, f"{place!r} is {value}; expected a whole number from 0")


def _refuse(value: object, expected: str, place: str, path: Path) -> NoReturn:
    raise InputError(path, None, f"{place!r} is {kind(value)}; expected {expected}")
