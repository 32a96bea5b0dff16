"""How often a judge errs, as measured, and what its word is therefore worth.

The verdicts of a judge on passages whose truth is known make a table of counts. From it come the rate at which
it finds answers (sensitivity), the rate at which it passes what does not answer (specificity), both with
Wilson's interval, and the factor by which a verdict multiplies the odds that a passage answers (Bayes).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from miner.judgments.record import VERDICTS, JudgmentBook, Verdict
from miner.judgments.wilson import wilson

HALF = 0.5
"""Added to each count: Jeffreys' prior."""


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `count`, with the ends of the 95 % interval (Wilson 1927)."""

    hits: float
    count: float

    @property
    def rate(self) -> float:
        return self.hits / self.count if self.count else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        if not self.count:
            return 0.0, 1.0
        return wilson(self.rate, self.count)


@dataclass(frozen=True)
class JudgeErrors:
    """Verdicts on passages that are known to answer, and on passages that hardly do."""

    right: Mapping[str, float] = field(default_factory=dict)
    wrong: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def assumed(cls, sensitivity: float, specificity: float, weight: float = 1e6) -> JudgeErrors:
        """For plans and simulations: rates that were not measured."""
        return cls(
            {"answers": sensitivity * weight, "no": (1 - sensitivity) * weight},
            {"answers": (1 - specificity) * weight, "no": specificity * weight},
        )

    @property
    def sensitivity(self) -> Share:
        """How many of the answers are found: judged to answer, wholly or in part."""
        return Share(self.right.get("answers", 0) + self.right.get("partly", 0), sum(self.right.values()))

    @property
    def specificity(self) -> Share:
        """How many of the others are judged 'no'."""
        return Share(self.wrong.get("no", 0), sum(self.wrong.values()))

    def factor(self, verdict: Verdict) -> float:
        """P(verdict | answers) / P(verdict | does not). Being unsure never speaks for 'no'."""
        found = [
            (table.get(verdict, 0) + HALF) / (sum(table.values()) + HALF * len(VERDICTS))
            for table in (self.right, self.wrong)
        ]
        factor = found[0] / found[1]
        return max(1.0, factor) if verdict == "unsure" else factor

    @property
    def tells(self) -> bool:
        """Whether the judge is surely better than chance: sensitivity above the rate at which it takes others
        for answers (Youden 1950), by the ends of both intervals."""
        return self.sensitivity.interval[0] + self.specificity.interval[0] > 1.0


def measured(book: JudgmentBook) -> dict[str, JudgeErrors]:
    """Errors of the judges that were on trial, from what they said of passages whose truth was known."""
    tables: dict[str, dict[str, Counter[str]]] = {}
    for judgment in book.history:
        if judgment.known:
            table = tables.setdefault(judgment.judge, {"answers": Counter(), "no": Counter()})
            table["answers" if judgment.known == "answers" else "no"][judgment.verdict] += 1
    return {judge: JudgeErrors(table["answers"], table["no"]) for judge, table in tables.items()}


def odds_factor(said: Iterable[tuple[JudgeErrors, Verdict]]) -> float:
    """Of several judges, their errors taken for independent."""
    return math.prod(errors.factor(verdict) for errors, verdict in said)
