"""Mining with judges: estimate, try the judges, ask where an answer can change a row, mine by what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from miner.data import Query
from miner.encoders.load import load_encoder
from miner.endpoints import CallPlan
from miner.errors import ConfigError
from miner.index import Index
from miner.judging.asking import AskRules, QueryAsking
from miner.judging.base import Judge, judge_name
from miner.judging.candidates import CandidatePool, QueryCandidates, capped, gather_candidates
from miner.judging.panel import Panel, check_is_panel
from miner.judging.trial import JudgeTrial, TrialPair, hold_trial
from miner.judgments import Pair, Verdict
from miner.judgments.errors import JudgeErrors, measured
from miner.judgments.known import KnownJudgments, Standing
from miner.judgments.record import key_of
from miner.mining.given import indexes_of, queries_of, recipe_with
from miner.mining.in_memory import mine_in_memory
from miner.mining.recipe import Recipe
from miner.mining.result import MiningResult
from miner.progress import Clock

EXPECTED = JudgeErrors.assumed(0.9, 0.95)
"""Of a judge that was not tried yet, for plans."""
BELIEVED = JudgeErrors.assumed(1.0, 1.0)
LOW_RISK = 0.5
"""The share of a query's candidates, those of lowest risk, that are taken for no answers in a trial."""


@dataclass
class JudgedMining:
    """What judging did: trials, pairs asked about, and queries whose rows were settled by it."""

    trials: list[JudgeTrial] = field(default_factory=list)
    asked: int = 0
    """Pairs that a judge was asked about, those of trials among them."""
    queries: int = 0
    asked_about: int = 0
    """Queries of which a candidate was put to a judge."""
    left: int = 0
    """Queries that more judging could have changed, had it been allowed."""
    answers: list[tuple[Pair, bool]] = field(default_factory=list)
    """Candidates put to a judge, and whether they were judged to answer."""

    def record(self) -> dict[str, Any]:
        return {
            "asked": self.asked,
            "queries": self.queries,
            "queries_asked_about": self.asked_about,
            "queries_left": self.left,
            "judges": [
                {
                    "judge": trial.judge,
                    "sensitivity": trial.errors.sensitivity.rate,
                    "sensitivity_interval": trial.errors.sensitivity.interval,
                    "specificity": trial.errors.specificity.rate,
                    "specificity_interval": trial.errors.specificity.interval,
                }
                for trial in self.trials
            ],
        }


def mine_judged(
    queries: Any,
    index: Any,
    recipe: Recipe | None,
    panel: Panel,
    *,
    tried: bool = False,
    encoder: Any = None,
    clock: Clock | None = None,
) -> tuple[MiningResult, JudgedMining]:
    """Mine with judges. Each is tried first, as its limits say, unless they were `tried` before.

    A query's candidates are judged hardest first until n stand under the recipe's cap on the risk (that of
    risk(), by default JUDGED_CAP), and only where an answer can change the row. Queries, index,
    recipe and `encoder` are as for mine. Raises what `mine` and the judges raise, and MinerError for a judge that
    cannot tell.
    """
    clock, indexes, queries = clock or Clock(), indexes_of(index), queries_of(queries)
    recipe, cap = capped(recipe_with(recipe, {}))
    check_is_panel(panel)
    encoder = None if encoder is None else load_encoder(encoder)
    pool = gather_candidates(queries, indexes, recipe, encoder=encoder, clock=clock)
    before, told = panel.asked, JudgedMining(queries=len(queries))
    told.trials = [
        hold_trial(panel, judge, trial_pairs(pool, judge.limits.trial, recipe.seed))
        for judge in panel.judges
        if judge.limits.trial and not tried
    ]
    rounds = Rounds(pool, panel, AskRules(recipe.n, cap))
    rounds.run(clock)
    told.asked, told.asked_about = panel.asked - before, len(rounds.touched)
    told.answers = rounds.answers
    told.left = sum(bool(asking.wave()) for asking in rounds.askings)
    judged = (
        replace(recipe, judgments=KnownJudgments.of(panel.store.path)) if len(panel.store.book) else recipe
    )
    return mine_in_memory(queries, indexes, judged, encoder, clock), told


class Rounds:
    """Asks about all queries at once, round by round, until every row is settled or nothing may be asked."""

    def __init__(self, pool: CandidatePool, panel: Panel, rules: AskRules) -> None:
        self.pool, self.panel = pool, panel
        errors = measured(panel.store.book)
        self.errors = [errors.get(judge_name(judge), BELIEVED) for judge in panel.judges]
        self.touched = set[int]()
        self.answers = list[tuple[Pair, bool]]()
        self.askings = [self._asking(i, own, rules) for i, own in enumerate(pool.queries)]

    def run(self, clock: Clock) -> None:
        """Raises what the judges raise; what they said until then is kept."""
        stuck = set[int]()
        with clock.stage("judge", None, "pairs") as stage:
            while wanted := self._wanted(stuck):
                before = self.panel.asked
                self._round(wanted, stuck)
                clock.advance(stage, self.panel.asked - before)

    def _wanted(self, stuck: set[int]) -> list[tuple[float, int, int]]:
        """Value of an answer, query and column of all that is to be asked now, the most valuable first."""
        found = list[tuple[float, int, int]]()
        for i, asking in enumerate(self.askings):
            if i not in stuck and (wave := asking.wave()):
                value = asking.value()
                found += [(-float(value[column]), i, column) for column in wave]
        return sorted(found)

    def _round(self, wanted: Sequence[tuple[float, int, int]], stuck: set[int]) -> None:
        columns: dict[int, list[int]] = {}
        for _, i, column in wanted:
            columns.setdefault(i, []).append(column)
        pairs = {i: dict(zip(own, self.pool.pairs(i, own), strict=True)) for i, own in columns.items()}
        turns = [(int(self.askings[i].asked[c]), i, c) for _, i, c in wanted]
        for number, judge in enumerate(self.panel.judges):
            turn = [(i, c) for at, i, c in turns if at == number]
            self.panel.ask(judge, [pairs[i][c] for i, c in turn])
            for i, c in turn:
                self.touched.add(i)
                if not self._tell(i, c, judge, pairs[i][c]):
                    stuck.add(i)

    def _tell(self, query: int, column: int, judge: Judge, pair: Pair) -> bool:
        """Whether the judge has said something of the pair."""
        found = self.panel.said(judge, pair)
        if found is not None:
            self.askings[query].tell(column, found.verdict)
            self.answers.append((pair, found.verdict == "answers"))
        return found is not None

    def _asking(self, query: int, own: QueryCandidates, rules: AskRules) -> QueryAsking:
        """What was said before is not asked again: by people and files for good, by the judges as told now."""
        asking = QueryAsking(own.risks, own.scores, rules, self.errors)
        book = self.panel.store.book
        if not book.knows(own.query):
            return asking
        names = {judge_name(judge) for judge in self.panel.judges}
        about = book.pairs.get(key_of(own.query), {})
        weigh = KnownJudgments((), ()).weigh
        for column, pair in enumerate(self.pool.pairs(query, range(len(own.rows)))):
            said = {k: v for k, v in about.get(key_of(pair.passage), {}).items() if k not in names}
            if said and (known := weigh(said)) is not None and known.standing != Standing.OPEN:
                asking.settle(column, known.standing == Standing.REFUSED)
                continue
            for judge in self.panel.judges:
                if not self._told_before(asking, column, judge, pair):
                    break
        return asking

    def _told_before(self, asking: QueryAsking, column: int, judge: Judge, pair: Pair) -> bool:
        found = self.panel.said(judge, pair)
        if found is not None:
            asking.tell(column, found.verdict)
        return found is not None


def trial_pairs(pool: CandidatePool, size: int, seed: int) -> list[TrialPair]:
    """A relevant passage of each of `size` queries, drawn by seed and text, and as many candidates of low risk
    of the same queries."""
    order = np.random.default_rng(seed).permutation(len(pool.queries))
    found, counts = list[TrialPair](), {"answers": 0, "no": 0}
    for i in order.tolist():
        own = pool.queries[i]
        if counts["answers"] < size and own.relevant:
            place = int(np.random.default_rng([seed, i]).integers(len(own.relevant)))
            others = tuple(text for p, text in enumerate(own.relevant) if p != place)
            pair = Pair(own.query, own.relevant[place], None, others)
            found.append(TrialPair(pair, "answers", float(own.relevant_scores[place])))
            counts["answers"] += 1
        if counts["no"] < size and len(own.rows):
            low = np.argsort(own.risks, kind="stable")[: max(1, int(LOW_RISK * len(own.rows)))]
            column = int(np.random.default_rng([seed, i, 1]).choice(low))
            (pair,) = pool.pairs(i, [column])
            found.append(TrialPair(pair, "no", float(own.scores[column])))
            counts["no"] += 1
    return found


def plan_judging(
    queries: Sequence[Query],
    indexes: Sequence[Index],
    recipe: Recipe,
    panel: Panel,
    *,
    encoder: Any = None,
    clock: Clock | None = None,
) -> list[tuple[str, int, CallPlan | None]]:
    """For each judge its name, about how many pairs it would be asked about, and what that would send where:
    played through with a judge that errs as usual and a truth drawn by the estimated risk. Asks nobody."""
    recipe, cap = capped(recipe)
    encoder = None if encoder is None else load_encoder(encoder)
    pool = gather_candidates(queries, indexes, recipe, encoder=encoder, clock=clock)
    rounds = Rounds(pool, panel, AskRules(recipe.n, cap))
    known = measured(panel.store.book)
    errors = [
        known.get(judge_name(judge), EXPECTED if judge.limits.trial else BELIEVED) for judge in panel.judges
    ]
    wanted: list[list[Pair]] = [[] for _ in panel.judges]
    for i, asking in enumerate(rounds.askings):
        asking.errors = errors
        _play(pool, i, asking, wanted, np.random.default_rng([recipe.seed, i]))
    plans = []
    for judge, pairs in zip(panel.judges, wanted, strict=True):
        trial = [each.pair for each in trial_pairs(pool, judge.limits.trial, recipe.seed)]
        fresh = [pair for pair in [*trial, *pairs] if panel.said(judge, pair) is None]
        plans.append((judge_name(judge), len(fresh), judge.plan(fresh)))
    return plans


def _play(
    pool: CandidatePool,
    query: int,
    asking: QueryAsking,
    wanted: list[list[Pair]],
    random: np.random.Generator,
) -> None:
    truth = random.random(len(asking.risks)) < asking.risks
    while wave := asking.wave():
        for column, pair in zip(wave, pool.pairs(query, wave), strict=True):
            number = int(asking.asked[column])
            wanted[number].append(pair)
            errors = asking.errors[number]
            rate = errors.sensitivity.rate if truth[column] else 1 - errors.specificity.rate
            verdict: Verdict = "answers" if random.random() < rate else "no"
            asking.tell(column, verdict)


def check_panel(judges: Sequence[Judge]) -> None:
    """Raises ConfigError for a judge that is named twice."""
    names = [judge_name(judge) for judge in judges]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ConfigError(f"{twice[0]} is named twice; expected different judges")
