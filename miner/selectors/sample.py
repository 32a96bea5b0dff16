"""Seeded sampling around the relevant passage's score.

SimANS (Zhou et al. 2022, arXiv 2210.11773, equation 6): a candidate is drawn with weight
exp(-a (s(q,c) - s(q,p) - b)^2), so that neither the hardest (often false) nor the easiest dominate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import KEPT, Float64, Int64, Pool, Selection, UInt8, UInt64
from miner.errors import ConfigError
from miner.selectors.base import lay_out
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class Sample(Spec):
    """Draws without replacement. Weight is highest `offset` cosine from the best relevant passage's
    similarity and falls off over `width` cosine. Draws depend on seed, query text and passage alone.
    """

    name: ClassVar[str] = "sample"
    reason: ClassVar[str] = "drawn by chance"
    offset: float = -0.1
    width: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.width > 0:
            raise ConfigError(f"sample: width is {self.width}; expected a number above 0")

    def choose(self, pool: Pool, verdicts: UInt8, n: Int64, seed: int) -> Selection:
        distance = (pool.scores - pool.best[:, None]).astype(np.float64) - self.offset
        keys = -((distance / self.width) ** 2) / 2 + _gumbel(pool.keys, pool.rows, seed)
        return lay_out(map(_best, keys, pool.scores, verdicts, n.tolist()), n)


def _best(keys: Float64, scores: Float64, verdicts: UInt8, n: int) -> Int64:
    kept = np.flatnonzero(verdicts == KEPT)
    return np.sort(kept[np.argsort(-keys[kept], kind="stable")[:n]])


def _gumbel(queries: UInt64, rows: Int64, seed: int) -> Float64:
    """Gumbel noise [Q, K] hashed from seed, query and row (Gumbel-top-k sampling, arXiv 1903.06059)."""
    mixed = _mix(queries ^ _mix(np.uint64(seed % 2**64) + np.uint64(1)))[:, None] ^ rows.view(np.uint64)
    uniform = (_mix(mixed) >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54
    return -np.log(-np.log(uniform))


def _mix(value: UInt64 | np.uint64) -> UInt64:
    """The splitmix64 finalizer (Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(value ^ (value >> np.uint64(31)), np.uint64)
