"""What a judge is: it says of pairs of query and passage whether the passage answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from miner.endpoints import CallPlan, Price
from miner.judgments import Judgment, Pair, Verdict


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict; of a judge that scores also its score, and a word on why where it could not judge."""

    verdict: Verdict
    score: float | None = None
    reason: str = ""


class Judge(Protocol):
    """A name that stands in judgments, the fingerprint of what it is asked, and its opinions."""

    @property
    def by(self) -> str: ...

    @property
    def question(self) -> str: ...

    def plan(self, pairs: Sequence[Pair], price: Price | None = None) -> CallPlan | None:
        """What judging the pairs would send where; None for judges on this machine."""

    def opinions(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Opinion]]:
        """Pairs with what the judge says of them, in any order, as it comes. A pair of which it can say
        nothing at all, now or ever, may be left out.

        Raises EndpointFailed, ModelError and the like where no further opinion is to be had.
        """


def judge_name(judge: Judge) -> str:
    """As Judgment.judge."""
    return f"{judge.by} {judge.question}".strip()


def judgment_of(judge: Judge, pair: Pair, opinion: Opinion, known: str = "") -> Judgment:
    """What is written down."""
    from dataclasses import replace

    made = Judgment.now(pair, opinion.verdict, judge.by, judge.question)
    return replace(made, score=opinion.score, reason=opinion.reason, known=known)
