"""Judges asked through their judgments: what one said before is not asked again, what it says is kept at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from miner.endpoints import agree
from miner.errors import ConfigError
from miner.judging.base import Judge, JudgeLimits, judge_name, judgment_of
from miner.judgments import Judgment, JudgmentStore, Pair
from miner.judgments.record import Key

AT_ONCE = 50
"""Judgments that are written together, at most: those of a few calls."""


@dataclass
class Allowance:
    """What a judge was asked and has cost, within its limits: calls are pairs put to it."""

    limits: JudgeLimits
    asked: int = 0
    spent: float = 0.0

    def left(self, wanted: int, each: float = 0.0) -> int:
        """How many of the wanted pairs may be asked, at `each` money a pair."""
        calls, money = self.limits.max_calls, self.limits.budget
        if calls is not None:
            wanted = min(wanted, calls - self.asked)
        if money is not None:
            over = self.spent >= money
            wanted = 0 if over else min(wanted, int((money - self.spent) / each) if each else wanted)
        return max(0, wanted)


def check_is_panel(given: object) -> None:
    """Raises ConfigError for what is no panel."""
    if not isinstance(given, Panel):
        kind = type(given).__name__
        raise ConfigError(
            f"the panel is of type {kind}; expected miner.Panel([judge], miner.JudgmentStore(path))"
        )


class Panel:
    """Judges in the order in which they are asked, the store of what they said, and what each was asked. Raises
    ConfigError for what is no judge."""

    def __init__(self, judges: Sequence[Judge], store: JudgmentStore) -> None:
        for judge in [judges] if isinstance(judges, str) else judges:
            if not hasattr(judge, "opinions"):
                raise ConfigError(
                    f"a judge is {judge!r}; expected one as miner.LanguageModelJudge(model='...')"
                )
        self.judges, self.store = judges, store
        self._allowances = {id(judge): Allowance(judge.limits) for judge in judges}
        self._agreed: set[str] = set()

    @property
    def asked(self) -> int:
        """Pairs that were put to a judge so far."""
        return sum(each.asked for each in self._allowances.values())

    def allowance(self, judge: Judge) -> Allowance:
        """Of a judge of this panel."""
        return self._allowances[id(judge)]

    def said(self, judge: Judge, pair: Pair) -> Judgment | None:
        """What the judge is known to have said."""
        return self.store.book.find(pair, judge_name(judge))

    def announce(self, judge: Judge, pairs: Sequence[Pair]) -> None:
        """Say, and in a terminal ask, what judging these at most would send. Raises Declined."""
        if (plan := judge.plan(pairs)) is not None:
            self._agreed.add(plan.host)
            agree(plan)

    def ask(self, judge: Judge, pairs: Sequence[Pair], known: Mapping[Key, str] | None = None) -> None:
        """Let a judge judge what it has not judged yet, as far as its limits reach; `known` names pairs
        whose truth is known ('answers' or 'no'), where the judge itself is on trial. The answers are in the
        store.

        Raises what the judge raises, Declined, and OutputError.
        """
        fresh = self._fresh(judge, pairs, known or {})
        if fresh:
            self.store.check()
        allowance = self.allowance(judge)
        plan = judge.plan(fresh) if fresh else None
        each = (plan.money or 0.0) / len(fresh) if plan else 0.0
        fresh = fresh[: allowance.left(len(fresh), each)]
        if not fresh:
            return
        if plan is not None and plan.host not in self._agreed:
            self.announce(judge, fresh)
        waiting = list[Judgment]()
        try:
            for pair, opinion in judge.opinions(fresh):
                allowance.asked += 1
                allowance.spent += each
                waiting.append(judgment_of(judge, pair, opinion, (known or {}).get(pair.key, "")))
                if len(waiting) == AT_ONCE or plan is not None:
                    self.store.append(*waiting)
                    waiting.clear()
        finally:
            self.store.append(*waiting)

    def _fresh(self, judge: Judge, pairs: Sequence[Pair], known: Mapping[Key, str]) -> list[Pair]:
        """Pairs that the judge has not judged, each once; of those it has it is noted what was known."""
        fresh, noted = dict[Key, Pair](), list[Judgment]()
        for pair in pairs:
            before, truth = self.said(judge, pair), known.get(pair.key, "")
            if before is None:
                fresh.setdefault(pair.key, pair)
            elif truth and before.known != truth:
                noted.append(replace(before, known=truth))
        self.store.append(*noted)
        return list(fresh.values())
