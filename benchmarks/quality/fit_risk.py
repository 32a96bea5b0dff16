"""Fit the risk model on judged sets: once on all of them, and once without each of them.

    python -m benchmarks.quality.fit_risk DATA_DIR SET... [--seeds 2] [--cache FOLDER]

Writes miner/risk/model.json, fitted on all sets, and benchmarks/results/risk_fit.json with the model that
quality.py uses for each set: one that never saw it. The six-feature prototype is fitted beside it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib import prototype
from benchmarks.lib.hidden import DEPTH, hide, read_judged
from miner.data import Float64
from miner.risk import NAMES, RiskModel, features, probability
from miner.storage.files import write_json

HERE = Path(__file__).parents[1]
RESULTS = HERE / "results" / "risk_fit.json"
MODEL = HERE.parent / "miner" / "risk" / "model.json"
CACHE = Path.home() / ".cache" / "miner-benchmarks"
WEIGHT, PENALTY, STEPS, CLOSE = 1000.0, 1.0, 50, 1e-7
METHOD = (
    "logistic regression by Newton's method, L2 penalty 1 on standardised features, every set of equal weight "
    "with its own intercept, their mean in use"
)
PROTOCOL = (
    f"one random relevant passage revealed, the others hidden; the {DEPTH} passages most similar to the query; "
    "a candidate counts if it is a hidden relevant passage"
)


@dataclass(frozen=True)
class Evidence:
    """What one set teaches: N candidates with both kinds of features and whether they are relevant."""

    name: str
    ours: Float64
    prototype: Float64
    relevant: Float64


def gather(data: Path, name: str, seeds: int, cache: Path) -> Evidence:
    judged = read_judged(data, name, cache)
    trials = [hide(judged, seed) for seed in range(seeds)]
    return Evidence(
        name,
        np.concatenate([features(each.pool, each.geometry)[each.open] for each in trials]),
        np.concatenate([prototype.features(each.pool)[each.open] for each in trials]),
        np.concatenate([each.hidden[each.open] for each in trials]).astype(np.float64),
    )


def fit(
    values: Sequence[Float64], relevant: Sequence[Float64], own_intercepts: bool = True
) -> tuple[float, Float64]:
    """Intercept and coefficients of a logistic regression on some sets, features [N, F] each and labels [N].
    Raises RuntimeError if Newton's method does not settle."""
    sizes = [len(each) for each in values]
    weights = np.repeat([WEIGHT / size for size in sizes], sizes)
    group = np.repeat(np.arange(len(sizes)) if own_intercepts else np.zeros(len(sizes), int), sizes)
    stacked, labels = np.concatenate(values), np.concatenate(relevant)
    mean = np.average(stacked, axis=0, weights=weights)
    deviation = np.sqrt(np.average((stacked - mean) ** 2, axis=0, weights=weights))
    inputs = np.hstack([(stacked - mean) / deviation, np.eye(int(group.max()) + 1)[group]])
    penalty = np.where(np.arange(inputs.shape[1]) < stacked.shape[1], PENALTY, 0.0)
    found = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        likely = probability(inputs @ found)
        slope = inputs.T @ (weights * (labels - likely)) - penalty * found
        curve = (inputs * (weights * likely * (1 - likely))[:, None]).T @ inputs + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        found += step * min(1.0, 4.0 / float(np.abs(step).max()))
        if np.abs(step).max() < CLOSE:
            coefficients = found[: stacked.shape[1]] / deviation
            return float(found[stacked.shape[1] :].mean() - coefficients @ mean), coefficients
    raise RuntimeError("the fit does not settle")


def models(evidence: Sequence[Evidence], seeds: int) -> tuple[RiskModel, dict[str, Any]]:
    """The risk model and, for the record, the prototype."""
    labels = [each.relevant for each in evidence]
    intercept, coefficients = fit([each.ours for each in evidence], labels)
    fitted = {
        "method": METHOD,
        "protocol": PROTOCOL,
        "encoder": "all-MiniLM-L6-v2",
        "sets": [each.name for each in evidence],
        "seeds": list(range(seeds)),
    }
    model = RiskModel(round(intercept, 6), tuple(np.round(coefficients, 6).tolist()), fitted)
    intercept, coefficients = fit([each.prototype for each in evidence], labels, own_intercepts=False)
    named = dict(zip(prototype.NAMES, np.round(coefficients, 6).tolist(), strict=True))
    return model, {"intercept": round(intercept, 6), "coefficients": named}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=CACHE)
    given = parser.parse_args()
    evidence = [gather(given.data, name, given.seeds, given.cache) for name in given.sets]
    model, bar = models(evidence, given.seeds)
    left_out = {}
    for name in given.sets if len(given.sets) > 1 else []:
        risk, theirs = models([each for each in evidence if each.name != name], given.seeds)
        left_out[name] = {"risk": risk.record(), "prototype": theirs}
        print(name, risk.intercept, dict(zip(NAMES, risk.coefficients, strict=True)), file=sys.stderr)
    write_json(MODEL, model.record())
    write_json(RESULTS, {"all": {"risk": model.record(), "prototype": bar}, "left_out": left_out})


if __name__ == "__main__":
    main()
