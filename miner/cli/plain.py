"""Values of options that need no conversion: typer converts by pydantic, which takes a tenth of a second to load."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from typer.core import TyperCommand, TyperGroup


def spare_pydantic(params: list[Any], kinds: Mapping[str, Any]) -> list[Any]:
    """Have parameters take values as they are where they are none or of the parameter's kind, and texts as paths; all
    others are converted, and complained of, by typer.

    `kinds` are the annotated types by name, as int or Path | None.
    """
    for param in params:
        if "process_value" not in vars(param):
            param.process_value = _quickly(param, kinds.get(param.name))
    return params


class PlainCommand(TyperCommand):
    """A command whose values are taken as they are."""

    kinds: Mapping[str, Any]

    def get_params(self, ctx: Any) -> list[Any]:
        return spare_pydantic(super().get_params(ctx), self.kinds)


class PlainGroup(TyperGroup):
    """Commands with options that are given or not."""

    def get_params(self, ctx: Any) -> list[Any]:
        return spare_pydantic(super().get_params(ctx), {})


def _quickly(param: Any, kind: Any) -> Callable[[Any, Any], Any]:
    whole, kinds = param.process_value, {kind, *get_args(kind)}
    listed = {of for each in kinds if get_origin(each) is list for of in get_args(each)}
    several = param.multiple or param.nargs == -1

    def process(context: Any, value: Any) -> Any:
        parts, known = (value or (), listed) if several else (() if value is None else (value,), kinds)
        taken = [_taken(part, known) for part in parts]
        if (param.required and not taken) or any(part is None for part in taken):
            return whole(context, value)
        made = tuple(taken) if several else next(iter(taken), None)
        return made if param.callback is None else param.callback(context, param, made)

    return process


def _taken(value: Any, kinds: set[Any]) -> Any:
    """A value as one of these types takes it; None where typer has to look at it."""
    if type(value) in kinds:
        return value
    if Path in kinds and isinstance(value, str | Path) and _may_be_read(value):
        return Path(value)
    return None


def _may_be_read(path: str | Path) -> bool:
    return "\0" not in str(path) and (os.access(path, os.R_OK) or not os.path.lexists(path))
