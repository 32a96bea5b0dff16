"""Hard negatives for rerankers and retrievers, mined from your own corpus.

>>> index = miner.build_index("corpus/", "indexes/help")
>>> mined = miner.mine(miner.read_queries("queries.jsonl"), index)
>>> mined.write("train.jsonl")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from miner.corpus import read_corpus
    from miner.corpus.queries import read_queries
    from miner.data import Negative, Passage, Query, Row
    from miner.encoders import Encoder, HashingEncoder
    from miner.encoders.load import resolve
    from miner.errors import ConfigError, InputError, MinerError
    from miner.filters import Denoise, Margin, Rank, Risk, Riskiest, Score, Sibling
    from miner.index import Index, open_index
    from miner.index.library import build_index
    from miner.mining.explain import explain
    from miner.mining.mine import mine
    from miner.mining.recipe import Recipe
    from miner.mining.result import Mined
    from miner.selectors import Below, Diverse, Priced, Sample, Top

_HOMES = {
    "miner.corpus": ("read_corpus",),
    "miner.data": ("Negative", "Passage", "Query", "Row"),
    "miner.encoders": ("Encoder", "HashingEncoder"),
    "miner.encoders.load": ("resolve",),
    "miner.errors": ("ConfigError", "InputError", "MinerError"),
    "miner.mining.explain": ("explain",),
    "miner.filters": ("Denoise", "Margin", "Rank", "Risk", "Riskiest", "Score", "Sibling"),
    "miner.index": ("Index", "open_index"),
    "miner.index.library": ("build_index",),
    "miner.mining.mine": ("mine",),
    "miner.mining.result": ("Mined",),
    "miner.corpus.queries": ("read_queries",),
    "miner.mining.recipe": ("Recipe",),
    "miner.selectors": ("Below", "Diverse", "Priced", "Sample", "Top"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Below",
    "ConfigError",
    "Denoise",
    "Diverse",
    "Encoder",
    "HashingEncoder",
    "Index",
    "InputError",
    "Margin",
    "Mined",
    "MinerError",
    "Negative",
    "Passage",
    "Priced",
    "Query",
    "Rank",
    "Recipe",
    "Risk",
    "Riskiest",
    "Row",
    "Sample",
    "Score",
    "Sibling",
    "Top",
    "build_index",
    "explain",
    "mine",
    "open_index",
    "read_corpus",
    "read_queries",
    "resolve",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'miner' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
