"""By rank, the first of them passed over: what is nearest of all is most often a false negative."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import KEPT, TEACHER, Float32, Int64, Pool, Selection, UInt8
from miner.errors import ConfigError
from miner.selectors.base import lay_out
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class Skip(Spec):
    """Of the kept candidates up to the `last` (0: all) passes over the `first` and chooses the next, or with `draw`
    any of the others, each as likely as the next. Draws depend on seed and query alone.
    """

    name: ClassVar[str] = "skip"
    needs: ClassVar[frozenset[str]] = frozenset()
    first: int = 10
    last: int = 0
    draw: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.first < 0:
            raise ConfigError(f"skip: first is {self.first}; expected 0 or more")

    def order(self, pool: Pool) -> Float32:
        """[Q, K] the higher the earlier."""
        return pool.scores

    def choose(self, pool: Pool, verdicts: UInt8, n: Int64, seed: int) -> Selection:
        return lay_out(self._chosen(pool, verdicts, n, seed), n)

    def _chosen(self, pool: Pool, verdicts: UInt8, n: Int64, seed: int) -> Iterator[Int64]:
        scores = self.order(pool)
        for i, count in enumerate(n.tolist()):
            kept = np.flatnonzero(verdicts[i] == KEPT)
            left = kept[np.argsort(-scores[i, kept], kind="stable")][self.first : self.last or None]
            if self.draw:
                draw = np.random.default_rng([seed % 2**32, int(pool.keys[i])])
                left = left[np.sort(draw.permutation(len(left))[:count])]
            yield left[:count]


@dataclass(frozen=True, repr=False)
class SkipByTeacher(Skip):
    """As Skip, in the order of the cross-encoder's scores."""

    name: ClassVar[str] = "skip_by_teacher"
    needs: ClassVar[frozenset[str]] = frozenset({TEACHER})

    def order(self, pool: Pool) -> Float32:
        return pool.evidence[TEACHER]
