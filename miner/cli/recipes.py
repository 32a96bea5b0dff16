"""From options to a recipe, for the commands that mine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from miner.calibrating.calibration import Calibration
    from miner.index import Index
    from miner.mining.recipe import Recipe


def recipe_of(
    n: int,
    filters: Sequence[str] | None,
    max_risk: float | None,
    select: str | None,
    depth: int,
    copies: str = "copies()",
    **further: Any,
) -> Recipe:
    """The recipe that options spell. Filters come beside the guards and `copies`; a risk cap joins them, and under it
    the hardest are taken unless `select` says otherwise. `further` are other fields of the recipe.

    Raises ConfigError for a spec that cannot be read.
    """
    from miner.mining.given import recipe_with

    named = {
        "n": n,
        "filters": filters or None,
        "max_risk": max_risk,
        "select": select,
        "depth": depth,
        "copies": copies,
    }
    return recipe_with(None, {**named, **further})


def calibration_of(path: Path | None, index: Index) -> Calibration | None:
    """The calibration that is named, if one is. Raises what read_calibration raises."""
    if path is None:
        return None
    from miner.calibrating.calibration import read_calibration

    return read_calibration(path, index)


def bytes_of(size: str) -> int:
    """'512M' or '2G' in bytes (of 1024). Raises ConfigError."""
    from miner.errors import ConfigError

    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?", size.strip(), re.ASCII | re.IGNORECASE)
    if found is None:
        raise ConfigError(f"the size is {size!r}; expected a number with K, M, G or T, as 512M")
    return int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " "))


def open_indexes(places: Sequence[str] | None) -> list[Index]:
    """The indexes named, or the only one there is. Raises what open_index and default_index raise."""
    from miner.index import default_index, open_index

    return [open_index(path) for path in places or [str(default_index(Path("indexes")))]]
