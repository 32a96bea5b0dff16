"""Fit the risk model to one corpus, and measure what mining under it lets through.

Platt, "Probabilistic outputs for support vector machines" (1999), for intercept and slope. What is
promised is not the mean of the estimates of what was mined, which choosing the hardest biases: it is the
share of hidden relevant passages, or of answers among what was judged, that mining did choose, on queries that
the fit had not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from miner.calibrating.calibration import Calibration
from miner.calibrating.hidden import gather
from miner.calibrating.judged import gather_judged
from miner.calibrating.labels import DEPTH, LabelledPools
from miner.calibrating.logistic import loss
from miner.calibrating.measured import curve, reliability
from miner.calibrating.ways import Fit, by_prior, platt, refit, shifted
from miner.data import PADDING, Float64, Int64, Query
from miner.encoders.load import load_encoder
from miner.errors import ConfigError, MinerError
from miner.index import Index
from miner.judgments.known import KnownJudgments
from miner.mining.given import index_of, queries_of
from miner.progress import Clock, count_of
from miner.risk.model import RiskModel, packaged_model, probability
from miner.storage.paths import as_path

FOLDS = 5
QUERIES, EVENTS = 40, 40
"""Fewer queries or found hidden passages say too little even for two numbers."""
REFIT_EVENTS = 200
JUDGED_PAIRS, JUDGED_EVENTS = 40, 5
"""Fewer judged candidates, or of one kind, do not tell how high the estimates lie."""

HIDDEN, JUDGED, BOTH = WAYS = ("hidden", "judgments", "both")


def calibrate(
    queries: Any,
    index: Any,
    *,
    n: int = 5,
    by: str = HIDDEN,
    judgments: KnownJudgments | str | Path | None = None,
    prior: float | None = None,
    seed: int = 0,
    encoder: Any = None,
    clock: Clock | None = None,
) -> Calibration:
    """Fit the packaged model to an index, by hidden relevant passages, by judgments or by both.

    By 'hidden', one relevant passage of each query is shown and the others are hidden, those that judgments add
    among them; by 'judgments', what was said of candidates counts; by 'both', the order is learned from what is
    hidden and the level from judgments. Instead, `prior` is the expected number of unlabelled relevant passages
    among a query's nearest. Queries, index and `encoder` are as for mine, judgments those of a file.

    Raises MinerError if the queries or judgments are too few or the risk orders nothing here, ConfigError for a
    prior or a way that cannot be, and what looking up queries and reading judgments raises.
    """
    if judgments is not None and not isinstance(judgments, KnownJudgments):
        judgments = KnownJudgments.of(as_path(judgments, "the judgments"))
    known: KnownJudgments | None = judgments
    _check_way(n, by, known, prior)
    opened, given = index_of(index), None if encoder is None else load_encoder(encoder)
    asked, model, clock = queries_of(queries), packaged_model(), clock or Clock()
    answered = asked if known is None else with_answers(asked, known, opened)
    if prior is not None:
        found = moved(model, gather(answered, opened, given, seed=seed, hide=False, clock=clock), n, prior)
    elif by == JUDGED and known:
        found = learn_judged(model, gather_judged(asked, opened, known, given, clock=clock), n, seed)
    else:
        found = learn(model, gather(answered, opened, given, seed=seed, hide=True, clock=clock), n, seed)
        if by == BOTH and known:
            judged = gather_judged(asked, opened, known, given, clock=clock)
            found = learn_judged(found.model, judged, n, seed, ordered=found.method)
    return replace(found, seed=seed, encoder=opened.fingerprint, corpus=opened.manifest.corpus)


def _check_way(n: int, by: str, known: KnownJudgments | None, prior: float | None) -> None:
    if prior is not None and not 0 < prior < DEPTH:
        raise ConfigError(f"the prior is {prior!r}; expected a number of passages between 0 and {DEPTH}")
    if not isinstance(n, int) or n < 1:
        raise ConfigError(f"n is {n!r}; expected a whole number of 1 or more")
    if by not in WAYS:
        raise ConfigError(f"by is {by!r}; expected one of {', '.join(WAYS)}")
    if by != HIDDEN and prior is not None:
        raise ConfigError(f"a prior stands in place of what could be measured; found it with by {by!r}")
    if by != HIDDEN and known is None:
        raise ConfigError(f"by is {by!r}; expected a file of judgments with it")


def with_answers(queries: Sequence[Query], known: KnownJudgments, index: Index) -> list[Query]:
    """The queries with the passages that were judged to answer them among their relevant ones; ids that the index
    does not hold are passed over."""
    found = []
    for query in queries:
        more = [each.judgment.passage for each in known.about(query.text).values() if each.answers]
        ids = [id for id, each in known.by_id(query.text).items() if each.answers]
        held = [id for id, row in zip(ids, index.rows_of_ids(ids).tolist(), strict=True) if row != PADDING]
        texts = dict.fromkeys([*query.relevant_passages, *(text for text in more if text)])
        found.append(
            replace(
                query,
                relevant_passages=tuple(texts),
                relevant_ids=tuple(dict.fromkeys([*query.relevant_ids, *held])),
            )
        )
    return found


def learn(model: RiskModel, evidence: LabelledPools, n: int, seed: int) -> Calibration:
    """A calibration by what is hidden that says nothing yet of where it holds. Raises MinerError as calibrate does."""
    check(evidence)
    ways: dict[str, Fit] = {"intercept and slope": platt}
    if evidence.events >= REFIT_EVENTS:
        ways["all coefficients"] = refit
    return _fitted(model, evidence, ways, n, seed)


def learn_judged(
    model: RiskModel, evidence: LabelledPools, n: int, seed: int, ordered: str = ""
) -> Calibration:
    """As learn, by judgments; if the model was `ordered` by what is hidden, they say how high its estimates lie."""
    check_judged(evidence)
    ways: dict[str, Fit] = {"intercept": shifted}
    if not ordered and evidence.events >= EVENTS:
        ways["intercept and slope"] = platt
    if not ordered and evidence.events >= REFIT_EVENTS:
        ways["all coefficients"] = refit
    found = _fitted(model, evidence, ways, n, seed)
    method = f"{ordered} for the order and {found.method} for the level" if ordered else found.method
    return replace(found, method=method, by=BOTH if ordered else JUDGED)


def _fitted(
    model: RiskModel, evidence: LabelledPools, ways: dict[str, Fit], n: int, seed: int
) -> Calibration:
    """By the way that does best on queries that it did not see."""
    folds = np.random.default_rng(seed).permutation(len(evidence)) % FOLDS
    crossed = {name: _crossed(way, model, evidence, folds) for name, way in ways.items()}
    counted, labels = evidence.counted, evidence.labels
    method = min(crossed, key=lambda name: loss(crossed[name][counted], labels))
    estimated = probability(crossed[method])
    return Calibration(
        model=ways[method](model, evidence),
        method=method,
        queries=len(evidence),
        events=evidence.events,
        n=n,
        reliability=reliability(estimated, evidence),
        curve=curve(estimated, evidence, n),
    )


def moved(model: RiskModel, evidence: LabelledPools, n: int, prior: float) -> Calibration:
    """The model moved by hand, with nothing measured."""
    if not len(evidence):
        raise MinerError("there are no queries to hold the prior against; give at least one")
    return Calibration(by_prior(model, evidence, prior), f"prior {prior:g}", len(evidence), 0, n)


def check(evidence: LabelledPools) -> None:
    """Raises MinerError that says how many queries would do."""
    if len(evidence) < QUERIES:
        raise MinerError(
            f"{count_of(len(evidence), 'query has', 'queries have')} two or more relevant passages in the index; "
            f"calibrating needs at least {QUERIES}; give more, or the expected number of unlabelled ones a query with "
            "--prior"
        )
    if evidence.events < EVENTS:
        needed = int(np.ceil(EVENTS * len(evidence) / max(evidence.events, 1)))
        raise MinerError(
            f"of the hidden relevant passages {evidence.events:,} are among the {DEPTH} nearest of "
            f"{count_of(len(evidence), 'query')}; calibrating needs {EVENTS}, so about {needed:,} such queries; "
            "or give --prior"
        )


def check_judged(evidence: LabelledPools) -> None:
    """Raises MinerError that says how many judgments would do."""
    judged, events = int(evidence.counted.sum()), evidence.events
    if min(events, judged - events) < JUDGED_EVENTS or judged < JUDGED_PAIRS:
        raise MinerError(
            f"of the {DEPTH} nearest candidates {judged:,} are judged, of which {events:,} answer; calibrating needs "
            f"{JUDGED_PAIRS} with {JUDGED_EVENTS} that answer and {JUDGED_EVENTS} that do not; judge more, as miner "
            "audit does, or calibrate by what is hidden"
        )


def _crossed(way: Fit, model: RiskModel, evidence: LabelledPools, folds: Int64) -> Float64:
    """[Q, K] logits, each from a fit that did not see its query."""
    logits = np.empty(evidence.allowed.shape)
    for fold in range(FOLDS):
        logits[folds == fold] = way(model, evidence.part(folds != fold)).logits(
            evidence.features[folds == fold]
        )
    return logits
