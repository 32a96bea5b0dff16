"""Which candidates of a query are put to a judge, and which become its negatives.

A candidate's odds of answering are those that were estimated, times a factor for each verdict (Bayes; errors
of judges taken for independent of the estimate). It stands if the probability is at most the cap. Above the
cap it is put to the next judge if that judge's "no" would bring it under, and the judges after it; if not, no
answer could change the row, and it is passed over unasked. Candidates are taken hardest first until n stand:
only those are asked about that precede the n-th that stands or may come to stand, so none is asked about in
vain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from miner.data import Bool, Float64, Int64
from miner.judgments import Verdict
from miner.judgments.errors import JudgeErrors


@dataclass(frozen=True, slots=True)
class AskRules:
    """`n` negatives whose probability of answering is at most `cap`; an answer must be expected to change the
    row's mean hardness by at least `worth` / n to be asked for."""

    n: int = 5
    cap: float = 0.05
    worth: float = 0.0


@dataclass
class QueryAsking:
    """One query's candidates, hardest first in the order in which they are taken."""

    risks: Float64
    """[K] estimated probability that each answers."""
    hardness: Float64
    """[K] cosine to the query."""
    rules: AskRules
    errors: Sequence[JudgeErrors]
    """Of the judges, in the order in which they are asked."""
    odds: Float64 = field(init=False)
    asked: Int64 = field(init=False)
    """[K] how many judges have spoken."""
    refused: Bool = field(init=False)
    limit: float = field(init=False)
    """The odds of the cap."""

    def __post_init__(self) -> None:
        clipped = np.clip(self.risks, 1e-7, 1 - 1e-7)
        self.odds = clipped / (1 - clipped)
        self.asked = np.zeros(len(self.risks), np.int64)
        self.refused = np.zeros(len(self.risks), np.bool_)
        self.limit = self.rules.cap / (1 - self.rules.cap) if self.rules.cap < 1 else np.inf

    @property
    def standing(self) -> Bool:
        """[K]"""
        return np.asarray(~self.refused & (self.odds <= self.limit))

    @property
    def open(self) -> Bool:
        """[K] above the cap, and a "no" of all judges left would bring them under."""
        noes = [errors.factor("no") for errors in self.errors]
        best = np.array([np.prod(noes[judge:]) for judge in range(len(noes) + 1)])
        hopeful = (self.asked < len(noes)) & (self.odds * best[self.asked] <= self.limit)
        return np.asarray(~self.refused & (self.odds > self.limit) & hopeful)

    def settle(self, column: int, answers: bool) -> None:
        """Somebody whose word is taken said whether the candidate answers."""
        self.refused[column] = answers
        self.odds[column] = 1.0 if answers else 0.0

    def wave(self) -> list[int]:
        """Columns to be put to their next judge now; empty when the row is settled."""
        standing, open_ones = self.standing, self._worthwhile()
        hopeful = np.cumsum(standing | open_ones)
        needed = hopeful <= self.rules.n
        wanted: list[int] = np.flatnonzero(open_ones & needed).tolist()
        return wanted

    def _worthwhile(self) -> Bool:
        """[K] open candidates of which an answer is expected to change enough."""
        open_ones = self.open
        if self.rules.worth > 0:
            open_ones &= self.value() >= self.rules.worth
        return open_ones

    def value(self) -> Float64:
        """[K] by how much an answer is expected to raise the sum of the row's hardness: the chance of a "no"
        times the distance to the candidate that would fall out of the row."""
        standing = np.flatnonzero(self.standing)[: self.rules.n]
        last = self.hardness[standing[-1]] if len(standing) == self.rules.n else 0.0
        likely = self.odds / (1 + self.odds)
        return np.asarray((1 - likely) * np.maximum(self.hardness - last, 0.0))

    def tell(self, column: int, verdict: Verdict) -> None:
        """What the next judge of a candidate said."""
        judge = int(self.asked[column])
        self.odds[column] *= self.errors[judge].factor(verdict)
        self.asked[column] += 1
        self.refused[column] |= verdict in ("answers", "partly")

    def chosen(self) -> list[int]:
        """Columns of the negatives: those that stand, hardest first."""
        chosen: list[int] = np.flatnonzero(self.standing)[: self.rules.n].tolist()
        return chosen
