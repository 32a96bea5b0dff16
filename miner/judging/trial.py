"""The judge is judged first: by passages that are known to answer, and by passages that hardly do.

The known ones are relevant passages of the user's own queries, put before the judge among candidates and
unmarked; the others are candidates of low estimated risk. Both are the easy cases: what answers and was labelled
is found more easily than what answers and was not, and what looks least like an answer is passed more easily
than what looks like one. So both rates are told by similarity to the query as well, and are rather too good.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from miner.errors import MinerError
from miner.judging.base import Judge, judge_name
from miner.judging.panel import Panel
from miner.judgments import Judgment, Pair
from miner.judgments.errors import JudgeErrors, Share
from miner.judgments.record import Key, key_of
from miner.progress import count_of

FEWEST = 20
"""Passages of either kind below which a judge cannot be judged."""
STRATA = 3


@dataclass(frozen=True, slots=True)
class TrialPair:
    """A pair whose truth is known, 'answers' or 'no', and its similarity to the query."""

    pair: Pair
    truth: str
    similarity: float


@dataclass(frozen=True, slots=True)
class TrialStratum:
    """Pairs of one truth and of similar similarity, and how many of them were judged rightly."""

    truth: str
    low: float
    high: float
    right: Share


@dataclass(frozen=True)
class JudgeTrial:
    """What came out: the verdicts on both kinds, and how many were right by similarity."""

    judge: str
    errors: JudgeErrors
    strata: tuple[TrialStratum, ...]

    def text(self) -> str:
        """In lines, for a summary."""
        found, passed = self.errors.sensitivity, self.errors.specificity
        lines = [
            f"{self.judge}: finds {_told(found)} of the passages known to answer, "
            f"passes {_told(passed)} of those of low risk"
        ]
        lines += [
            f"  {'known to answer' if each.truth == 'answers' else 'of low risk'}, similarity "
            f"{each.low:.2f} to {each.high:.2f}: {_told(each.right)} right"
            for each in self.strata
        ]
        return "\n".join(
            [*lines, "  these are the easy ones: labelled answers, and passages unlike an answer"]
        )


def hold_trial(panel: Panel, judge: Judge, pairs: Sequence[TrialPair]) -> JudgeTrial:
    """Put the pairs before the judge, those of a query together and in an order that tells nothing.

    Raises MinerError, with the figures, for a judge that cannot tell answers from others, or too few pairs.
    """
    counts = Counter(each.truth for each in pairs)
    if min(counts["answers"], counts["no"]) < FEWEST:
        raise MinerError(
            f"a judge is judged by at least {FEWEST} passages that are known to answer and as many of low risk; "
            f"found {counts['answers']} and {counts['no']}: give more queries, or believe it untried: trial=0"
        )
    mixed = sorted(pairs, key=lambda each: (key_of(each.pair.query), key_of(each.pair.passage)))
    truths: dict[Key, str] = {each.pair.key: each.truth for each in mixed}
    panel.ask(judge, [each.pair for each in mixed], truths)
    said = [(each, panel.said(judge, each.pair)) for each in mixed]
    trial = tried(judge_name(judge), [(each, found) for each, found in said if found is not None])
    if not any(found and found.verdict != "unsure" for _, found in said):
        raise MinerError(
            f"{trial.judge} decides on none of the {count_of(len(said), 'passage that tries', 'passages that try')} "
            "it; is it about these queries? trial=0 believes it untried"
        )
    if not trial.errors.tells:
        found, passed = trial.errors.sensitivity, trial.errors.specificity
        raise MinerError(
            f"{trial.judge} cannot tell what answers here: it finds {_told(found)} of the passages known to "
            f"answer, and passes {_told(passed)} of those that hardly do"
        )
    return trial


def tried(judge: str, said: Sequence[tuple[TrialPair, Judgment]]) -> JudgeTrial:
    """The figures of a trial."""
    tables = {"answers": Counter[str](), "no": Counter[str]()}
    for each, judgment in said:
        tables[each.truth][judgment.verdict] += 1
    errors = JudgeErrors(tables["answers"], tables["no"])
    strata = [stratum for truth in tables for stratum in _strata(truth, said)]
    return JudgeTrial(judge, errors, tuple(strata))


def _strata(truth: str, said: Sequence[tuple[TrialPair, Judgment]]) -> list[TrialStratum]:
    own = sorted(
        ((each.similarity, judgment) for each, judgment in said if each.truth == truth), key=lambda x: x[0]
    )
    right = {"answers": ("answers", "partly"), "no": ("no",)}[truth]
    strata = []
    if not own or own[0][0] == own[-1][0]:
        return []
    for places in np.array_split(np.arange(len(own)), min(STRATA, max(1, len(own) // 10))):
        if len(places):
            part = [own[place] for place in places.tolist()]
            hits = sum(judgment.verdict in right for _, judgment in part)
            strata.append(TrialStratum(truth, part[0][0], part[-1][0], Share(hits, len(part))))
    return strata


def _told(share: Share) -> str:
    low, high = share.interval
    return f"{share.rate:.0%} ({low:.0%} to {high:.0%}, {share.hits:.0f} of {share.count:.0f})"
