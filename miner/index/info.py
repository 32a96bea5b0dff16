"""`info`: what an index holds and what it was built with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from miner.index.index import Index, open_index
from miner.index.manifest import default_index


def info(index: str | Path | Index | None = None) -> dict[str, Any]:
    """What an index holds and what it was built with, as JSON-able values.

    Its path, encoder and corpus, counts of passages and of what was folded or left out, `dim` numbers of a vector,
    `shards`, and `bytes` on disk. Without an index it is the only one in indexes/. Raises what open_index raises, and
    ConfigError where there is not just one.
    """
    opened = index if isinstance(index, Index) else open_index(default_index() if index is None else index)
    return {
        **opened.describe(),
        "dim": opened.dim,
        "shards": len(opened.manifest.shards),
        "bytes": sum(file.size for file in opened.manifest.files),
    }
