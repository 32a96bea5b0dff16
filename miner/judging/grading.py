"""A judge as a teacher: its verdicts as grades."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from miner.data import Float32
from miner.endpoints import agree
from miner.errors import ConfigError
from miner.judging.base import Judge, judge_name
from miner.judgments import Pair, Verdict
from miner.progress import count_of

GRADES: dict[Verdict, float] = {"answers": 4.0, "partly": 2.0, "unsure": 1.0, "no": 0.0}
"""As logits: what answers weighs e^4 times what does not."""


@dataclass(frozen=True)
class GradeTeacher:
    """Scores pairs by what a judge says of them, one GRADE a verdict."""

    judge: Judge

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(judge_name(self.judge).encode()).hexdigest()

    def score(self, pairs: Sequence[tuple[str, str]]) -> Float32:
        """float32 [len(pairs)], in order.

        Raises ConfigError where the judge says nothing of a pair, and what asking it raises.
        """
        asked = [Pair(query, text) for query, text in pairs]
        if (plan := self.judge.plan(asked)) is not None:
            agree(plan)
        said = {pair.key: GRADES[opinion.verdict] for pair, opinion in self.judge.opinions(asked)}
        if missing := [pair for pair in asked if pair.key not in said]:
            raise ConfigError(
                f"{self.judge.by} says nothing of {count_of(len(missing), 'pair')}; expected a teacher that scores all"
            )
        return np.array([said[pair.key] for pair in asked], np.float32)
