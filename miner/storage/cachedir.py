"""Where on this machine lies what can be made or fetched again: mirrors of stores, converted models."""

from __future__ import annotations

import os
from pathlib import Path

CACHE = "MINER_CACHE"
"""The environment variable that names the folder."""


def cache_folder() -> Path:
    """MINER_CACHE, or miner in the user's cache folder (XDG_CACHE_HOME, ~/.cache)."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get(CACHE) or Path(home) / "miner").expanduser().absolute()
