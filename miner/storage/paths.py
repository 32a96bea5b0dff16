"""What people hand over for a path."""

from __future__ import annotations

import os
from pathlib import Path

from miner.errors import ConfigError


def as_path(given: object, what: str) -> Path:
    """Raises ConfigError, which calls it `what`, for what is no path."""
    if not isinstance(given, str | os.PathLike):
        raise ConfigError(f"{what} is of type {type(given).__name__}; expected a path")
    return Path(given)
