"""Does the risk tell which queries have many answers? Such queries are too vague to train on (RLHN, arXiv 2505.16967).

    python -m benchmarks.quality.ambiguity DATA_DIR SET... [--cache FOLDER]

One relevant passage of each query is shown, the others are hidden among its hundred nearest. A query is called
ambiguous if more than MANY of them are answers; AUC of what could flag it: the sum of the candidates' risks, the ten
riskiest, and how many stand out of their query's own. Puts the results into benchmarks/results/ambiguity.json, a set at
a time.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.stats import mannwhitneyu

from benchmarks.lib.hidden import Trial, hide, read_judged
from benchmarks.quality.fit_risk import CACHE
from miner.data import Bool, Float64
from miner.risk import features, packaged_model, probability
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "ambiguity.json"
MANY = (3, 7)
STANDS_OUT = 2.5
"""Robust deviations above the median."""
RISKIEST = 10


def flags(trial: Trial) -> dict[str, Float64]:
    """What could flag a query, [Q] each; higher is more ambiguous."""
    logits = packaged_model().logits(features(trial.pool, trial.geometry))
    opened = np.where(trial.open, logits, np.nan)
    middle = np.nanmedian(opened, axis=1, keepdims=True)
    deviation = 1.4826 * np.nanmedian(np.abs(opened - middle), axis=1, keepdims=True)
    first = np.sort(np.where(trial.open, logits, -np.inf), axis=1)[:, -RISKIEST:]
    return {
        "sum of the risks": np.nansum(probability(opened), axis=1),
        "the ten riskiest": first.mean(axis=1),
        "how many stand out": np.nansum(opened > middle + STANDS_OUT * deviation, axis=1).astype(np.float64),
    }


def auc(values: Float64, positive: Bool) -> float:
    above = mannwhitneyu(values[positive], values[~positive]).statistic
    return float(above / (positive.sum() * (~positive).sum()))


def measure(trial: Trial) -> dict[str, object]:
    answers = (trial.hidden & trial.open).sum(axis=1)
    found: dict[str, object] = {"queries": len(answers)}
    for many in MANY:
        ambiguous: Bool = answers > many
        if 0 < ambiguous.sum() < len(ambiguous):
            found[f"more than {many}"] = {
                "share": round(float(ambiguous.mean()), 3),
                **{name: round(auc(values, ambiguous), 3) for name, values in flags(trial).items()},
            }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--cache", type=Path, default=CACHE)
    given = parser.parse_args()
    record = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in given.sets:
        record[name] = measure(hide(read_judged(given.data, name, given.cache), 0))
        print(name, record[name], flush=True)
        write_json(RESULTS, record)


if __name__ == "__main__":
    main()
