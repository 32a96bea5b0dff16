"""JSON values into frozen dataclasses, held to the types of their fields."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from miner.errors import InputError
from miner.storage.files import kind

T = TypeVar("T")

EXPECTED = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}


def shaped(cls: type[T], value: object, path: Path, place: str = "") -> T:
    """The dataclass `cls` out of a JSON object with its fields; those that have defaults may be missing.

    Fields may be str, bool, int, float, dataclasses, mappings, tuples of these, or one of these or None; a
    value that is a dataclass already stands for itself. Raises InputError naming the file and the place.
    """
    if not isinstance(value, dict):
        raise InputError(path, None, f"{_where(place)} is {kind(value)}; expected an object")
    hints, made = typing.get_type_hints(cls), {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        here = f"{place}.{field.name}" if place else field.name
        if field.name in value:
            made[field.name] = _held(hints[field.name], value[field.name], path, here)
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise InputError(path, None, f"has no {here!r}")
    return cls(**made)


def _held(hint: Any, value: Any, path: Path, place: str) -> Any:
    if isinstance(hint, types.UnionType):
        hint = next(each for each in typing.get_args(hint) if each is not types.NoneType)
        return None if value is None else _held(hint, value, path, place)
    origin = typing.get_origin(hint)
    if origin is tuple:
        entries = value if isinstance(value, list) else _refuse(value, "a list", path, place)
        inner = typing.get_args(hint)[0]
        return tuple(_held(inner, each, path, f"{place}[{i}]") for i, each in enumerate(entries))
    if origin is Mapping:
        return value if isinstance(value, dict) else _refuse(value, "an object", path, place)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return value if isinstance(value, hint) else shaped(hint, value, path, place)
    return _plain(hint, value, path, place)


def _plain(hint: type, value: Any, path: Path, place: str) -> Any:
    if hint is float and type(value) is int:
        return float(value)
    return value if type(value) is hint else _refuse(value, EXPECTED[hint], path, place)


def _refuse(value: object, expected: str, path: Path, place: str) -> typing.NoReturn:
    raise InputError(path, None, f"{_where(place)} is {kind(value)}; expected {expected}")


def _where(place: str) -> str:
    return repr(place) if place else "what it holds"
