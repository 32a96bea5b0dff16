"""What a judge is: it says of pairs of query and passage whether the passage answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from miner.endpoints import CallPlan, Price, price_of
from miner.errors import ConfigError
from miner.judgments import Judgment, Pair, Verdict
from miner.spec import Spec, check

TRIAL = 50
"""Passages of either kind by which a judge is judged."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict; of a judge that scores also its score, and a word on why where it could not judge."""

    verdict: Verdict
    score: float | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class JudgeLimits:
    """How a judge is asked: `trial` passages of either kind try it first (0 believes it untried); it is asked about
    `max_calls` pairs at most, and for `budget` money, by the `price` of a million tokens read, or read and written as
    '0.15,0.60'. Raises ConfigError."""

    trial: int = TRIAL
    max_calls: int | None = None
    budget: float | None = None
    price: float | str | None = None

    def __post_init__(self) -> None:
        check(self, getattr(self, "name", "a judge"))
        if self.trial < 0:
            raise ConfigError(
                f"a judge's trial is {self.trial}; expected a number of passages, or 0 for none"
            )
        if self.max_calls is not None and self.max_calls < 1:
            raise ConfigError(f"a judge's max_calls is {self.max_calls}; expected 1 or more")
        if self.budget is not None and (self.budget < 0 or self.tariff is None):
            raise ConfigError(
                f"a judge's budget is {self.budget:g}, counted by what tokens cost; expected 0 or more, and price=..."
            )
        _ = self.tariff

    @property
    def tariff(self) -> Price | None:
        """The price, read. Raises ConfigError."""
        return price_of(self.price)


@dataclass(frozen=True, repr=False, kw_only=True)
class JudgeSpec(Spec, JudgeLimits):
    """A judge that can be spelt, its limits among its options."""

    def __post_init__(self) -> None:
        JudgeLimits.__post_init__(self)

    @property
    def limits(self) -> JudgeLimits:
        return self


class Judge(Protocol):
    """A name that stands in judgments, the fingerprint of what it is asked, how much it may be asked, and its
    opinions."""

    @property
    def by(self) -> str: ...

    @property
    def question(self) -> str: ...

    @property
    def limits(self) -> JudgeLimits: ...

    def plan(self, pairs: Sequence[Pair]) -> CallPlan | None:
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
