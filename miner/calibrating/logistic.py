"""Penalised logistic regression by Newton's method."""

from __future__ import annotations

import numpy as np

from miner.data import Float64
from miner.risk.model import probability

STEPS, CLOSE, LONGEST = 50, 1e-8, 4.0


def fit(inputs: Float64, labels: Float64, centre: Float64, penalty: Float64) -> Float64:
    """[F] weights of inputs [N, F] that make labels [N] (0 or 1) most likely, less half of `penalty` [F] times
    the squared distance to `centre` [F]: with little evidence they stay there."""
    weights = centre.copy()
    for _ in range(STEPS):
        likely = probability(inputs @ weights)
        slope = inputs.T @ (labels - likely) - penalty * (weights - centre)
        curve = (inputs * (likely * (1 - likely))[:, None]).T @ inputs + np.diag(penalty)
        step = np.linalg.solve(curve + 1e-9 * np.eye(len(curve)), slope)
        weights = weights + step * min(1.0, LONGEST / max(float(np.abs(step).max()), CLOSE))
        if np.abs(step).max() < CLOSE:
            break
    return np.asarray(weights)


def loss(logits: Float64, labels: Float64) -> float:
    """Mean negative log likelihood."""
    return float(np.mean(np.logaddexp(0, logits) - labels * logits))
