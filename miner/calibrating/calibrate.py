"""Fit the risk model to one corpus, and measure what mining under it lets through.

Platt, "Probabilistic outputs for support vector machines" (1999), for intercept and slope. What is
promised is not the mean of the estimates of what was mined, which choosing the hardest biases: it is the
share of hidden relevant passages that mining did choose, on queries that the fit had not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from miner.calibrating.calibration import Bin, Calibration, Point
from miner.calibrating.hidden import DEPTH, HiddenEvidence, gather
from miner.calibrating.logistic import fit, loss
from miner.calibrating.rates import rate
from miner.data import Float64, Int64, Query
from miner.encoders.load import load_encoder
from miner.errors import ConfigError, MinerError
from miner.judgments.known import KnownJudgments
from miner.mining.given import index_of, queries_of
from miner.progress import Clock
from miner.risk.model import RiskModel, packaged_model, probability

FOLDS = 5
QUERIES, EVENTS = 40, 40
"""Fewer queries or found hidden passages say too little even for two numbers."""
REFIT_EVENTS = 200
PENALTY = 1.0
EDGES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
LOGITS = np.arange(-9.0, 11.01, 0.25)
"""Log odds of the caps that are tried."""
FEWEST = 20
"""Negatives below which a cap's leak is not looked at."""

Fit = Callable[[RiskModel, HiddenEvidence], RiskModel]


def calibrate(
    queries: Any,
    index: Any,
    *,
    n: int = 5,
    prior: float | None = None,
    seed: int = 0,
    encoder: Any = None,
    clock: Clock | None = None,
) -> Calibration:
    """Fit the packaged model to an index, by queries of which one relevant passage is shown and the others
    are hidden, or by `prior`, the expected number of unlabelled relevant passages among a query's nearest.
    Queries, index and `encoder` are as for mine.

    Raises MinerError if the queries are too few or the risk orders nothing here, ConfigError for a prior
    that cannot be, and what looking up queries raises.
    """
    if prior is not None and not 0 < prior < DEPTH:
        raise ConfigError(f"the prior is {prior!r}; expected a number of passages between 0 and {DEPTH}")
    if not isinstance(n, int) or n < 1:
        raise ConfigError(f"n is {n!r}; expected a whole number of 1 or more")
    opened, given = index_of(index), None if encoder is None else load_encoder(encoder)
    evidence = gather(
        queries_of(queries), opened, given, seed=seed, hide=prior is None, clock=clock or Clock()
    )
    model = packaged_model()
    calibration = learn(model, evidence, n, seed) if prior is None else moved(model, evidence, n, prior)
    return replace(calibration, seed=seed, encoder=opened.fingerprint, corpus=opened.manifest.corpus)


def with_answers(queries: Sequence[Query], known: KnownJudgments) -> list[Query]:
    """The queries with the passages that were judged to answer them among their relevant ones."""
    found = []
    for query in queries:
        more = [each.judgment.passage for each in known.about(query.text).values() if each.answers]
        ids = [id for id, each in known.by_id(query.text).items() if each.answers]
        texts = dict.fromkeys([*query.relevant_passages, *(text for text in more if text)])
        found.append(
            replace(
                query,
                relevant_passages=tuple(texts),
                relevant_ids=tuple(dict.fromkeys([*query.relevant_ids, *ids])),
            )
        )
    return found


def learn(model: RiskModel, evidence: HiddenEvidence, n: int, seed: int) -> Calibration:
    """A calibration that says nothing yet of where it holds. Raises MinerError as calibrate does."""
    check(evidence)
    folds = np.random.default_rng(seed).permutation(len(evidence)) % FOLDS
    ways: dict[str, Fit] = {"intercept and slope": platt}
    if evidence.events >= REFIT_EVENTS:
        ways["all coefficients"] = refit
    crossed = {name: _crossed(way, model, evidence, folds) for name, way in ways.items()}
    allowed, labels = evidence.allowed, evidence.labels
    method = min(crossed, key=lambda name: loss(crossed[name][allowed], labels))
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


def moved(model: RiskModel, evidence: HiddenEvidence, n: int, prior: float) -> Calibration:
    """The model moved by hand, with nothing measured."""
    if not len(evidence):
        raise MinerError("there are no queries to hold the prior against; give at least one")
    return Calibration(by_prior(model, evidence, prior), f"prior {prior:g}", len(evidence), 0, n)


def check(evidence: HiddenEvidence) -> None:
    """Raises MinerError that says how many queries would do."""
    if len(evidence) < QUERIES:
        raise MinerError(
            f"{len(evidence)} queries have two or more relevant passages in the index; calibrating needs at "
            f"least {QUERIES}; give more, or the expected number of unlabelled ones a query with --prior"
        )
    if evidence.events < EVENTS:
        needed = int(np.ceil(EVENTS * len(evidence) / max(evidence.events, 1)))
        raise MinerError(
            f"only {evidence.events} hidden relevant passages are among the {DEPTH} nearest of {len(evidence)} "
            f"queries; calibrating needs {EVENTS}, so about {needed:,} such queries; or give --prior"
        )


def platt(model: RiskModel, evidence: HiddenEvidence) -> RiskModel:
    """Intercept and slope."""
    logits = model.logits(evidence.features[evidence.allowed])
    inputs = np.stack([np.ones_like(logits), logits], axis=1)
    intercept, slope = fit(inputs, evidence.labels, np.array([0.0, 1.0]), np.array([0.0, PENALTY])).tolist()
    if slope <= 0:
        raise MinerError(
            "the risk does not tell hidden relevant passages from others here; nothing to calibrate"
        )
    return model.calibrated(intercept, slope)


def refit(model: RiskModel, evidence: HiddenEvidence) -> RiskModel:
    """All coefficients, drawn towards those of the model."""
    values = evidence.features[evidence.allowed]
    mean, deviation = values.mean(axis=0), values.std(axis=0) + 1e-9
    inputs = np.hstack([np.ones((len(values), 1)), (values - mean) / deviation])
    old = np.array(model.coefficients)
    centre = np.concatenate([[model.intercept + old @ mean], old * deviation])
    penalty = np.where(np.arange(len(centre)) > 0, PENALTY, 0.0)
    found = fit(inputs, evidence.labels, centre, penalty)
    coefficients = found[1:] / deviation
    return RiskModel(float(found[0] - coefficients @ mean), tuple(coefficients.tolist()), model.fitted)


def by_prior(model: RiskModel, evidence: HiddenEvidence, prior: float) -> RiskModel:
    """The model moved so that its risks sum up to `prior` in the mean query's candidates."""
    allowed = evidence.allowed
    logits = model.logits(evidence.features)
    low, high = -40.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        expected = np.where(allowed, probability(logits + middle), 0).sum() / max(len(allowed), 1)
        low, high = (middle, high) if expected < prior else (low, middle)
    return model.calibrated(low, 1.0)


def curve(estimated: Float64, evidence: HiddenEvidence, n: int) -> tuple[Point, ...]:
    """What mining the n hardest lets through, cap by cap."""
    points = []
    for cap in [*probability(LOGITS).tolist(), 1.0]:
        allowed = evidence.allowed & (estimated <= cap)
        chosen = allowed & (np.cumsum(allowed, axis=1) <= n)
        counts = chosen.sum(axis=1).astype(np.float64)
        if counts.sum() >= FEWEST:
            leak = rate((chosen & evidence.hidden).sum(axis=1).astype(np.float64), counts, further=True)
            points.append(Point(cap, leak, float(counts.sum() / (n * len(counts)))))
    return tuple(points)


def reliability(estimated: Float64, evidence: HiddenEvidence) -> tuple[Bin, ...]:
    """Estimated against observed, over all candidates."""
    bins = []
    for low, high in pairwise(EDGES):
        inside = evidence.allowed & (estimated > low) & (estimated <= high)
        if inside.any():
            hits = (inside & evidence.hidden).sum(axis=1).astype(np.float64)
            observed = rate(hits, inside.sum(axis=1).astype(np.float64))
            bins.append(Bin(float(estimated[inside].mean()), observed))
    return tuple(bins)


def _crossed(way: Fit, model: RiskModel, evidence: HiddenEvidence, folds: Int64) -> Float64:
    """[Q, K] logits, each from a fit that did not see its query."""
    logits = np.empty(evidence.allowed.shape)
    for fold in range(FOLDS):
        logits[folds == fold] = way(model, evidence.part(folds != fold)).logits(
            evidence.features[folds == fold]
        )
    return logits
