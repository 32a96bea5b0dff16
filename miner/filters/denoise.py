"""Denoising with a cross-encoder: RocketQA, arXiv 2010.08191, section 4.2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import TEACHER, Bool, Pool
from miner.errors import ConfigError
from miner.filters.margin import AGAINST
from miner.spec import Spec

MEDIAN = list(AGAINST).index("median")


@dataclass(frozen=True, repr=False)
class Denoise(Spec):
    """Keeps candidates that the --teacher scores at most `max`, and lower than the median
    of the query's relevant passages by `absolute` and by `relative`, a share of that median's size."""

    name: ClassVar[str] = "denoise"
    reason: ClassVar[str] = "the teacher scores it too high"
    needs: ClassVar[frozenset[str]] = frozenset({TEACHER})
    max: float | None = None
    relative: float = 0.0
    absolute: float = 0.0

    def keep(self, pool: Pool) -> Bool:
        if TEACHER not in pool.evidence:
            raise ConfigError("denoise() needs the scores of a teacher; name one with --teacher")
        scores = pool.evidence[TEACHER].astype(np.float64)
        reference = pool.evidence["teacher_relevant"][:, MEDIAN, None].astype(np.float64)
        ceiling = np.inf if self.max is None else self.max
        limit = np.minimum(ceiling, reference - self.relative * np.abs(reference) - self.absolute)
        return pool.verified | np.isnan(scores) | np.less_equal(scores, limit)
