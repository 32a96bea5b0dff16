"""Hard negatives for rerankers and retrievers, mined from your own corpus.

>>> index = miner.build_index("corpus/", "indexes/help")
>>> mined = miner.mine(miner.read_queries("queries.jsonl"), index)
>>> mined.write("train.jsonl")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from miner.version import __version__ as __version__

if TYPE_CHECKING:
    from miner.corpus import read_corpus
    from miner.corpus.queries import read_queries
    from miner.data import Negative, Passage, Query, Row
    from miner.encoders import Encoder, HashingEncoder
    from miner.encoders.load import load_encoder
    from miner.errors import ConfigError, InputError, MinerError
    from miner.filters import Denoise, DropRiskiest, Margin, Rank, Risk, SameDocument, Score
    from miner.index import Index, open_index
    from miner.index.library import build_index
    from miner.mining.explain import explain
    from miner.mining.mine import mine
    from miner.mining.recipe import Recipe
    from miner.mining.result import MiningResult
    from miner.selectors import BelowRelevant, Diverse, RiskPenalty, Sample, Top

_HOMES = {
    "miner.corpus": ("read_corpus",),
    "miner.data": ("Negative", "Passage", "Query", "Row"),
    "miner.encoders": ("Encoder", "HashingEncoder"),
    "miner.encoders.load": ("load_encoder",),
    "miner.errors": ("ConfigError", "InputError", "MinerError"),
    "miner.mining.explain": ("explain",),
    "miner.filters": ("Denoise", "Margin", "Rank", "Risk", "DropRiskiest", "Score", "SameDocument"),
    "miner.index": ("Index", "open_index"),
    "miner.index.library": ("build_index",),
    "miner.mining.mine": ("mine",),
    "miner.mining.result": ("MiningResult",),
    "miner.corpus.queries": ("read_queries",),
    "miner.mining.recipe": ("Recipe",),
    "miner.selectors": ("BelowRelevant", "Diverse", "RiskPenalty", "Sample", "Top"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "BelowRelevant",
    "ConfigError",
    "Denoise",
    "Diverse",
    "DropRiskiest",
    "Encoder",
    "HashingEncoder",
    "Index",
    "InputError",
    "Margin",
    "MinerError",
    "MiningResult",
    "Negative",
    "Passage",
    "Query",
    "Rank",
    "Recipe",
    "Risk",
    "RiskPenalty",
    "Row",
    "SameDocument",
    "Sample",
    "Score",
    "Top",
    "build_index",
    "explain",
    "load_encoder",
    "mine",
    "open_index",
    "read_corpus",
    "read_queries",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'miner' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
