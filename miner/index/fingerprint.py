"""What an encoder says of itself, compared with what the encoder of an index said."""

from __future__ import annotations

from typing import Any

from miner.errors import IndexMismatch
from miner.storage.place import Place

ENGINE = "engine"
"""Where a fingerprint names the versions of the libraries that compute."""


def differ_by_versions(stored: dict[str, Any], given: dict[str, Any]) -> bool:
    """Whether two fingerprints tell of one encoder under other versions of its libraries, or the same."""
    return {**given, ENGINE: stored.get(ENGINE)} == stored


def check_fingerprint(place: Place, stored: dict[str, Any], given: dict[str, Any]) -> None:
    """Raises IndexMismatch naming the fields that differ."""
    differing = [
        f"{key} is {stored.get(key)!r} there and {given.get(key)!r} here"
        for key in sorted({*stored, *given})
        if stored.get(key) != given.get(key)
    ]
    if differing:
        raise IndexMismatch(f"{place}: was built with another encoder: {'; '.join(differing)}")
