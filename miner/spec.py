"""'name(k=v)' <-> frozen dataclass: how filters and selectors are spelt on the command line.

The spelling of an object is its repr, and parse(str(x)) == x.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from miner.errors import ConfigError

T = TypeVar("T")


class Spec:
    """Mix-in of a frozen dataclass with a `name`: its repr lists only what differs from the defaults."""

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()
    """What a pool must hold beyond what every pool holds: data.RISK, data.TEACHER."""
    reason: ClassVar[str] = ""
    """Of a filter: what it says of a candidate that it drops; of a selector: what it prefers."""

    def __post_init__(self) -> None:
        """Raises ConfigError for an option of another type."""
        check(self, self.name)

    def __repr__(self) -> str:
        return spell(self)


def check(thing: Any, name: str) -> None:
    """Raises ConfigError unless the fields of a dataclass that are plain values are of their types; a whole number
    stands for a float."""
    for field, allowed in _plain(typing.cast(Any, type(thing))).items():
        value = getattr(thing, field)
        if not (isinstance(value, allowed) if type(value) is not bool else bool in allowed):
            names = " or ".join(dict.fromkeys(each.__name__ for each in allowed)).replace("NoneType", "None")
            raise ConfigError(f"{name}: {field} is {value!r}; expected {names}")


@functools.cache
def _plain(kind: Any) -> dict[str, tuple[type, ...]]:
    """The types that fields may have, of those that are nothing but text, numbers, bool and None."""
    hints, found = typing.get_type_hints(kind), dict[str, tuple[type, ...]]()
    for field in dataclasses.fields(kind):
        allowed = _alternatives(hints[field.name])
        if set(allowed) <= {str, int, float, bool, type(None)}:
            found[field.name] = (*allowed, int) if float in allowed else allowed
    return found


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)


def spell(thing: Any) -> str:
    fields = [
        f"{field.name}={getattr(thing, field.name)!r}"
        for field in sorted(dataclasses.fields(thing), key=lambda field: bool(field.kw_only))
        if getattr(thing, field.name) != field.default
    ]
    return f"{thing.name}({', '.join(fields)})"


def parse(text: str, table: Mapping[str, type[T]], kind: str) -> T:
    """The object that `text` spells, out of a table of name -> frozen dataclass.

    Raises ConfigError for broken syntax, an unknown name or option, or a value of another type.
    """
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ConfigError(f"{kind} {text!r} cannot be read; expected name(option=value, ...)") from None
    if isinstance(node, ast.Name):
        node = ast.Call(func=node, args=[], keywords=[])
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.args:
        raise ConfigError(f"{kind} {text!r} cannot be read; expected name(option=value, ...)")
    cls: type[T] = _named(node.func.id, table, f"{kind} {node.func.id!r}", f"{kind}s")
    fields = _fields(cls)
    options: dict[str, Any] = {}
    for keyword in node.keywords:
        option = keyword.arg or "**"
        field = _named(option, fields, f"option {option!r} of {kind} {text!r}", "options")
        options[field.name] = _value(keyword.value, typing.get_type_hints(cls)[field.name], option, text)
    required = [f.name for f in fields.values() if f.default is dataclasses.MISSING]
    if missing := [name for name in required if name not in options]:
        raise ConfigError(f"{kind} {text!r} lacks {', '.join(missing)}")
    return cls(**options)


def _fields(cls: Any) -> dict[str, Any]:
    return {field.name: field for field in dataclasses.fields(cls)}


def _named(name: str, table: Mapping[str, Any], what: str, plural: str) -> Any:
    if name in table:
        return table[name]
    close = difflib.get_close_matches(name, table, n=1)
    hint = f"did you mean {close[0]}?" if close else f"{plural}: {', '.join(sorted(table)) or 'none'}"
    raise ConfigError(f"unknown {what}; {hint}")


def _value(node: ast.expr, hint: Any, option: str, text: str) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        word = node.id if isinstance(node, ast.Name) else None
        hint = f"; a text wants quotes: {option}='{word}'" if word else ""
        raise ConfigError(f"option {option} in {text!r} is not a plain value{hint}") from None
    allowed = _alternatives(hint)
    if type(value) is int and float in allowed and int not in allowed:
        value = float(value)
    if type(value) not in allowed:
        names = " or ".join(getattr(kind, "__name__", str(kind)) for kind in allowed)
        raise ConfigError(f"option {option} in {text!r} is {value!r}; expected {names}")
    return value
