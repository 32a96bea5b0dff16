"""What people hand over for a path."""

from __future__ import annotations

import os
from pathlib import Path

from miner.errors import ConfigError


def as_path(given: object, what: str) -> Path:
    """Raises ConfigError, which calls it `what`, for what is no path. An empty text is none: it would be the current
    folder."""
    if not isinstance(given, str | os.PathLike):
        raise ConfigError(f"{what} is of type {type(given).__name__}; expected a path")
    if given == "":
        raise ConfigError(f"{what} is named by an empty text; expected a path, . for the current folder")
    return Path(given)


def path_if_given(given: object, what: str) -> Path | None:
    """As as_path; None for None."""
    return None if given is None else as_path(given, what)
