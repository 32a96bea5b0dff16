"""The fitted model: a logistic regression on eight features, and what it says of the candidates of a pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from miner.data import Float32, Float64, Pool
from miner.errors import ConfigError
from miner.index import Index
from miner.risk.features import NAMES, Geometry, features

FORMAT = 2
DECIMALS = 6
STEEPEST = 60.0
"""Logits are cut off here: further out nothing changes at six decimals."""


@dataclass(frozen=True)
class RiskModel:
    """P(false negative) = 1 / (1 + exp(-(intercept + coefficients · features))).

    `coefficients` in the order of miner.risk.features.NAMES; `fitted` says how and on what.
    """

    intercept: float
    coefficients: tuple[float, ...]
    fitted: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if len(self.coefficients) != len(NAMES) or not np.all(
            np.isfinite([self.intercept, *self.coefficients])
        ):
            raise ConfigError(f"a risk model has {len(NAMES)} finite coefficients: {', '.join(NAMES)}")

    def calibrated(self, intercept: float, slope: float) -> RiskModel:
        """The model whose logit is intercept + slope · this one's (Platt 1999)."""
        return replace(
            self,
            intercept=intercept + slope * self.intercept,
            coefficients=tuple(slope * each for each in self.coefficients),
        )

    def logits(self, values: Float64) -> Float64:
        """[..., 8] features to [...] logits."""
        return np.asarray(self.intercept + np.sum(values * np.array(self.coefficients), axis=-1))

    def for_index(self, index: Index) -> RiskScorer:
        """Ready to score pools over this index."""
        return RiskScorer(self, Geometry.of(*index.geometry()))

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "format": FORMAT,
            "intercept": self.intercept,
            "coefficients": dict(zip(NAMES, self.coefficients, strict=True)),
            "fitted": dict(self.fitted),
        }


@dataclass(frozen=True)
class RiskScorer:
    """A risk model over one corpus."""

    model: RiskModel
    geometry: Geometry

    def score(self, pool: Pool) -> Pool:
        """The pool with `risk`, float32 [Q, K] at six decimals: 1 at padding, never NaN.

        A candidate's risk does not depend on the queries scored with it nor on how deep the search was.
        """
        return replace(pool, risk=self.risk(pool, features(pool, self.geometry)))

    def risk(self, pool: Pool, values: Float64) -> Float32:
        """float32 [Q, K] from features [Q, K, 8]."""
        risk = np.round(probability(self.model.logits(values)), DECIMALS)
        return np.where(pool.valid, risk, 1).astype(np.float32)

    def parts(self, pool: Pool) -> dict[str, Float32]:
        """What each feature adds to the logit, [Q, K] each, and under 'intercept' what all start from: their
        sum is the logit of the risk. Feedback and its square are one part."""
        parts = features(pool, self.geometry) * np.array(self.model.coefficients)
        named = {name: parts[..., i] for i, name in enumerate(NAMES)}
        named["feedback"] = named["feedback"] + named.pop("feedback_squared")
        named["intercept"] = np.full(pool.rows.shape, self.model.intercept)
        return {name: np.asarray(values, np.float32) for name, values in named.items()}


def probability(logits: Float64) -> Float64:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -STEEPEST, STEEPEST))))


def logit(risk: Float32) -> Float64:
    """The log odds of probabilities, finite: those at 0 and 1 as at half of the last decimal."""
    clipped = np.clip(risk.astype(np.float64), 0.5 * 10.0**-DECIMALS, 1 - 0.5 * 10.0**-DECIMALS)
    return np.asarray(np.log(clipped / (1 - clipped)))


def read_model(data: bytes, where: str | Path) -> RiskModel:
    """A model from its JSON. Raises ConfigError naming `where` for another format or missing numbers."""
    try:
        record = orjson.loads(data)
        if record["format"] != FORMAT:
            raise ConfigError(f"{where}: is a risk model of format {record['format']!r}; expected {FORMAT}")
        coefficients = tuple(float(record["coefficients"][name]) for name in NAMES)
        return RiskModel(float(record["intercept"]), coefficients, dict(record["fitted"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{where}: is not a risk model ({type(error).__name__}: {error})") from None


@cache
def packaged_model() -> RiskModel:
    """The model that comes with miner."""
    file = resources("miner.risk") / "model.json"
    return read_model(file.read_bytes(), "miner/risk/model.json")
