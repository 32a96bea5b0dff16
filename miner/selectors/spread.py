"""Negatives over the whole range of a score instead of its top.

Taking only what a teacher finds hardest hides from the student how scores fall off; strata over the teacher's
range keep that shape (arXiv 2604.04734, stratified sampling for distillation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import KEPT, TEACHER, Float64, Int64, Pool, Selection, UInt8
from miner.errors import ConfigError
from miner.selectors.base import lay_out
from miner.spec import Spec

SIMILARITY = "similarity"


@dataclass(frozen=True, repr=False)
class Spread(Spec):
    """Cuts the range of a score over the kept candidates into as many equal parts as negatives are wanted and
    takes the candidate next to each part's middle, each once. `by` is 'similarity', or 'teacher' for the scores of
    --teacher; `hardest` of the negatives are the hardest, whatever the parts hold.
    """

    name: ClassVar[str] = "spread"
    reason: ClassVar[str] = "spread over the range of scores"
    by: str = SIMILARITY
    hardest: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.by not in (SIMILARITY, TEACHER):
            raise ConfigError(f"spread: by is {self.by!r}; expected '{SIMILARITY}' or '{TEACHER}'")
        if self.hardest < 0:
            raise ConfigError(f"spread: hardest is {self.hardest}; expected 0 or more")

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset({TEACHER}) if self.by == TEACHER else frozenset()

    def choose(self, pool: Pool, verdicts: UInt8, n: Int64, seed: int) -> Selection:
        scores = pool.evidence[TEACHER] if self.by == TEACHER else pool.scores
        lines = zip(scores.astype(np.float64), verdicts, n.tolist(), strict=True)
        return lay_out((self._columns(line, kept == KEPT, count) for line, kept, count in lines), n)

    def _columns(self, scores: Float64, kept: np.ndarray, count: int) -> Int64:
        able = np.flatnonzero(kept & np.isfinite(scores))
        able = able[np.argsort(-scores[able], kind="stable")]
        taken = able[: min(self.hardest, count)].tolist()
        rest = able[len(taken) :]
        wanted = min(count - len(taken), len(rest))
        if wanted > 0:
            high, low = scores[rest[0]], scores[rest[-1]]
            middles = high - (np.arange(wanted) + 0.5) * (high - low) / wanted
            for middle in middles:
                near = rest[np.argmin(np.abs(scores[rest] - middle))]
                taken.append(int(near))
                rest = rest[rest != near]
        return np.sort(np.array(taken, np.int64))
