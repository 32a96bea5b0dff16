"""From --teacher to what scores pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from miner.mining.teacher import PairScorer


def teacher_of(text: str) -> PairScorer:
    """A teacher, or a judge whose verdicts are taken as grades. Raises ConfigError."""
    from miner.judging import JUDGES, parse_judge
    from miner.judging.grading import GradeTeacher
    from miner.mining.teachers import TEACHERS, parse_teacher

    name = text.partition("(")[0].strip()
    if name in JUDGES and name not in TEACHERS:
        return GradeTeacher(parse_judge(text))
    return parse_teacher(text)
