"""Model names to encoders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from miner.encoders.base import Encoder
from miner.encoders.hashing import HashingEncoder
from miner.errors import ModelError


def resolve(model: str | None = None, **options: Any) -> Encoder:
    """The encoder of a name."""
    if model == "hashing":
        return HashingEncoder()
    raise ModelError(f"{model}: not yet")


def resolve_again(fingerprint: Mapping[str, Any]) -> Encoder:
    """The encoder that an index was built with, by its fingerprint. Raises ModelError."""
    return resolve(fingerprint["model"])
