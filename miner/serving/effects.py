"""Parameters that are taken because clients send them, and have no effect here: answers say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class NoEffect:
    """Marks a field of a request; `why` is told to whoever sends it."""

    why: str


def without_effect(sent: BaseModel, within: str = "") -> Iterator[str]:
    """A sentence for each field with a value that has no effect."""
    for name, field in type(sent).model_fields.items():
        value, place = getattr(sent, name), f"{within}{name}"
        if isinstance(value, BaseModel):
            yield from without_effect(value, f"{place}.")
        elif value is not None:
            for mark in field.metadata:
                if isinstance(mark, NoEffect):
                    yield f"{place} has no effect on this server: {mark.why}"
