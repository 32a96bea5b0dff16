"""Ways of fitting the risk model to labelled candidates, with few of them or with many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from miner.calibrating.labels import LabelledPools
from miner.calibrating.logistic import fit
from miner.errors import MinerError
from miner.risk.model import RiskModel, probability

PENALTY = 1.0
HELD = 1e9
"""A penalty that nothing moves against."""

Fit = Callable[[RiskModel, LabelledPools], RiskModel]


def shifted(model: RiskModel, evidence: LabelledPools) -> RiskModel:
    """Intercept alone."""
    logits = model.logits(evidence.features[evidence.counted])
    inputs = np.stack([np.ones_like(logits), logits], axis=1)
    moved, _ = fit(inputs, evidence.labels, np.array([0.0, 1.0]), np.array([0.0, HELD])).tolist()
    return model.calibrated(moved, 1.0)


def platt(model: RiskModel, evidence: LabelledPools) -> RiskModel:
    """Intercept and slope."""
    logits = model.logits(evidence.features[evidence.counted])
    inputs = np.stack([np.ones_like(logits), logits], axis=1)
    intercept, slope = fit(inputs, evidence.labels, np.array([0.0, 1.0]), np.array([0.0, PENALTY])).tolist()
    if slope <= 0:
        raise MinerError(
            "the risk does not tell hidden relevant passages from others here; nothing to calibrate"
        )
    return model.calibrated(intercept, slope)


def refit(model: RiskModel, evidence: LabelledPools) -> RiskModel:
    """All coefficients, drawn towards those of the model."""
    values = evidence.features[evidence.counted]
    mean, deviation = values.mean(axis=0), values.std(axis=0) + 1e-9
    inputs = np.hstack([np.ones((len(values), 1)), (values - mean) / deviation])
    old = np.array(model.coefficients)
    centre = np.concatenate([[model.intercept + old @ mean], old * deviation])
    penalty = np.where(np.arange(len(centre)) > 0, PENALTY, 0.0)
    found = fit(inputs, evidence.labels, centre, penalty)
    coefficients = found[1:] / deviation
    return RiskModel(float(found[0] - coefficients @ mean), tuple(coefficients.tolist()), model.fitted)


def by_prior(model: RiskModel, evidence: LabelledPools, prior: float) -> RiskModel:
    """The model moved so that its risks sum up to `prior` in the mean query's candidates."""
    allowed = evidence.allowed
    logits = model.logits(evidence.features)
    low, high = -40.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        expected = np.where(allowed, probability(logits + middle), 0).sum() / max(len(allowed), 1)
        low, high = (middle, high) if expected < prior else (low, middle)
    return model.calibrated(low, 1.0)
