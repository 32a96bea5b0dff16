"""Diverse: hard, but not five times the same.

Maximal marginal relevance (Carbonell & Goldstein 1998) over the kept candidates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import KEPT, Float32, Int64, Pool, Selection, UInt8
from miner.errors import ConfigError
from miner.selectors.base import lay_out
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class Diverse(Spec):
    """Chooses one by one the candidate with the highest (1 - weight) s(q,c) - weight max s(c,chosen) among
    the `window` best kept ones, never two whose cosine is `copy` or more, and with `per_document` above 0 at
    most that many of one document.
    """

    name: ClassVar[str] = "diverse"
    reason: ClassVar[str] = "hard and unlike each other"
    weight: float = 0.3
    copy: float = 0.95
    window: int = 50
    per_document: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.weight <= 1:
            raise ConfigError(f"diverse: weight is {self.weight}; expected 0 to 1")
        if self.window < 1:
            raise ConfigError(f"diverse: window is {self.window}; expected 1 or more")

    def choose(self, pool: Pool, verdicts: UInt8, n: Int64, seed: int) -> Selection:
        return lay_out((self._pick(pool, i, verdicts[i], count) for i, count in enumerate(n.tolist())), n)

    def _pick(self, pool: Pool, query: int, verdicts: UInt8, n: int) -> Int64:
        kept = np.flatnonzero(verdicts == KEPT)[: self.window]
        documents = pool.documents[query, kept]
        hardness, among = pool.scores[query, kept], pool.among(query, kept)
        nearest = np.full(len(kept), -1.0, np.float32)
        open_ = np.ones(len(kept), np.bool_)
        chosen: list[int] = []
        while len(chosen) < n and open_.any():
            value: Float32 = (1 - self.weight) * hardness - self.weight * nearest
            best = int(np.argmax(np.where(open_, value, -np.inf)))
            chosen.append(best)
            nearest = np.maximum(nearest, among[best])
            open_ &= among[best] < self.copy
            open_[best] = False
            if self.per_document and np.sum(documents[chosen] == documents[best]) >= self.per_document:
                open_ &= documents != documents[best]
        return kept[np.sort(np.array(chosen, np.int64))]
