"""How high do the estimates lie in a set, and can that be told without labels?

    python -m benchmarks.quality.level DATA_DIR SET... [--queries 300] [--cache FOLDER]

The level of a set is what must be added to its log odds, by coefficients that never saw it and one intercept for all
sets, so that its risks sum up to the hidden relevant passages. Each quantity that needs no label predicts it along a
line that is fitted to the other sets; what is left is compared with what the mean of the other sets leaves, and with
what the best of as many quantities leaves when levels are shuffled. Writes benchmarks/results/level.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib.hidden import Trial, hide, read_judged
from benchmarks.quality.detection import QUERIES, SEED
from benchmarks.quality.fit_risk import CACHE
from benchmarks.quality.fit_risk import RESULTS as FITTED
from benchmarks.quality.quality import Models
from miner.data import Bool, Float64
from miner.risk import RiskModel, features, packaged_model, probability
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "level.json"
SHUFFLES = 2000
TIMES = 50.0
"""A candidate that is so many times likelier than an ordinary one stands out."""


def level(logits: Float64, hidden: Bool, among: Bool) -> float:
    """The shift at which the risks of the candidates sum up to those that are hidden."""
    low, high, wanted = -20.0, 20.0, float((hidden & among).sum())
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if probability(logits[among] + middle).sum() < wanted else (low, middle)
    return low


def quantities(trial: Trial, logits: Float64) -> dict[str, float]:
    """Of a set without its labels; means over queries, cosines in deviations of those to the whole corpus."""
    pool, among = trial.pool, trial.open
    centre, deviation = pool.spread(pool.queries).astype(np.float64).T
    count = among.sum(axis=1)
    odds, scores = np.where(among, logits, np.nan), np.where(among, pool.scores, np.nan).astype(np.float64)
    ordinary = np.nanquantile(odds, 0.25, axis=1, keepdims=True)
    mean = np.nanmean(scores, axis=1)
    found = {
        "density of the pool": (mean - centre) / deviation,
        "gap of the relevant passage": (pool.relevant_scores - mean) / deviation,
        "spread of the log odds": np.nanstd(odds, axis=1),
        "how many stand out": np.nansum(odds > ordinary + np.log(TIMES), axis=1) / count,
        "highest log odds": np.nanmax(odds, axis=1),
        "nearest to the relevant passage": np.where(among, pool.to_relevant, -1)
        .max(axis=1)
        .astype(np.float64),
    }
    expected = np.log(np.where(among, probability(logits), 0).sum(axis=1).mean())
    return {name: float(np.mean(each)) for name, each in found.items()} | {
        "estimated answers": float(expected)
    }


def left(values: Float64, levels: Float64) -> Float64:
    """[S] what a line through the other sets leaves of each."""
    out = np.empty(len(levels))
    for i in range(len(levels)):
        others = np.arange(len(levels)) != i
        slope, intercept = np.polyfit(values[others], levels[others], 1)
        out[i] = levels[i] - intercept - slope * values[i]
    return out


def left_by_mean(levels: Float64) -> Float64:
    return np.asarray((levels - levels.mean()) * len(levels) / (len(levels) - 1))


def size(errors: Float64) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(errors**2)))


def by_chance(table: Float64, levels: Float64) -> float:
    """How often the best of the quantities [P, S] leaves as little of shuffled levels, over what their mean leaves."""
    best, rng = min(size(left(values, levels)) for values in table), np.random.default_rng(0)
    as_good = [
        min(size(left(values, shuffled)) for values in table) <= best
        for shuffled in (rng.permutation(levels) for _ in range(SHUFFLES))
    ]
    return float(np.mean(as_good))


def look(
    data: Path, name: str, cache: Path, queries: int, model: RiskModel
) -> tuple[float, dict[str, float]]:
    trial = hide(read_judged(data, name, cache), SEED, limit=queries)
    logits = model.logits(features(trial.pool, trial.geometry))
    return level(logits, trial.hidden, trial.open), quantities(trial, logits)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--cache", type=Path, default=CACHE)
    given = parser.parse_args()
    fitted = json.loads(FITTED.read_text())
    found = {}
    for name in given.sets:
        model = replace(Models.of(name, fitted).risk, intercept=packaged_model().intercept)
        found[name] = look(given.data, name, given.cache, given.queries, model)
        print(name, found[name], file=sys.stderr)
    levels = np.array([level for level, _ in found.values()])
    names = list(next(iter(found.values()))[1])
    table = np.array([[values[each] for _, values in found.values()] for each in names])
    record: dict[str, Any] = {
        "sets": {
            name: {"level": round(level, 3), **{key: round(value, 3) for key, value in values.items()}}
            for name, (level, values) in found.items()
        },
        "left by the mean of the others": round(size(left_by_mean(levels)), 3),
        "left by a line": {
            name: round(size(left(values, levels)), 3) for name, values in zip(names, table, strict=True)
        },
        "best by chance": by_chance(table, levels),
    }
    write_json(RESULTS, record)


if __name__ == "__main__":
    main()
