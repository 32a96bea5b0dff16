"""What an encoder says of itself, compared with what the encoder of an index said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from miner.errors import IndexMismatch
from miner.storage.place import Place

ENGINE = "engine"
"""Where a fingerprint names the versions of the libraries that compute."""
TELLING = ("backend", "model", "files", "dtype", "max_length", "query_prompt", "document_prompt", "dim")
"""Fields by how much of the others they explain: another model has other weights, prompts and lengths."""
LONGEST = 60
"""Characters shown of a value."""


def differ_by_versions(stored: dict[str, Any], given: dict[str, Any]) -> bool:
    """Whether two fingerprints tell of one encoder under other versions of its libraries, or the same."""
    return {**given, ENGINE: stored.get(ENGINE)} == stored


def check_fingerprint(place: Place, stored: dict[str, Any], given: dict[str, Any]) -> None:
    """Raises IndexMismatch naming the one difference that tells most."""
    if stored != given:
        name, there, here = difference(stored, given)
        raise IndexMismatch(
            f"{place}: was built with another encoder: {name} is {_short(there)} there and {_short(here)} here"
        )


def difference(there: Mapping[str, Any], here: Mapping[str, Any]) -> tuple[str, Any, Any]:
    """The name and both values of what differs; of several fields the most telling, and of a nested one the
    part that differs. Both must differ."""
    differing = [key for key in [*TELLING, *sorted({*there, *here})] if there.get(key) != here.get(key)]
    name = differing[0]
    ours, theirs = there.get(name), here.get(name)
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        inner, ours, theirs = difference(ours, theirs)
        return f"{name}: {inner}", ours, theirs
    return name.replace("_", " "), ours, theirs


def _short(value: Any) -> str:
    text = "missing" if value is None else repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
