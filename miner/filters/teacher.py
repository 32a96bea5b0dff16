"""Windows over a teacher's scores: absolute ones, and margins below the relevant passage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import TEACHER, Bool, Float64, Pool
from miner.errors import ConfigError
from miner.filters.margin import AGAINST
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class TeacherScore(Spec):
    """Keeps candidates that the --teacher scores from `min` to `max`, and lower than the
    `against` ('lowest', 'median', 'highest') relevant passage by `relative`, a share of its score's size, or by
    `absolute`. What is not given does not count.
    """

    name: ClassVar[str] = "teacher"
    needs: ClassVar[frozenset[str]] = frozenset({TEACHER})
    reason: ClassVar[str] = "outside the teacher's scores asked for"
    min: float | None = None
    max: float | None = None
    relative: float | None = None
    absolute: float | None = None
    against: str = "lowest"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.against not in AGAINST:
            raise ConfigError(f"teacher: against is {self.against!r}; expected one of {', '.join(AGAINST)}")

    def keep(self, pool: Pool) -> Bool:
        if TEACHER not in pool.evidence:
            raise ConfigError("teacher() needs the scores of a teacher; name one with --teacher")
        scores = pool.evidence[TEACHER].astype(np.float64)
        limit = np.min([np.broadcast_to(each, (len(scores), 1)) for each in self._limits(pool)], axis=0)
        floor = -np.inf if self.min is None else self.min
        inside = np.less_equal(scores, limit) & np.greater_equal(scores, floor)
        return np.asarray(np.isnan(scores) | inside, np.bool_)

    def _limits(self, pool: Pool) -> list[Float64]:
        column = list(AGAINST).index(self.against)
        reference = pool.evidence["teacher_relevant"][:, column, None].astype(np.float64)
        limits = [np.array([[np.inf if self.max is None else self.max]])]
        if self.relative is not None:
            limits.append(reference - self.relative * np.abs(reference))
        if self.absolute is not None:
            limits.append(reference - self.absolute)
        return limits
