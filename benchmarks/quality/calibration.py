"""Does a calibration keep its promise? Calibrated on half of a set's queries, mined on the other half.

    python -m benchmarks.quality.calibration DATA_DIR SET... [--splits 40] [--cache FOLDER]

A set is scored by a risk model that never saw it (benchmarks/quality/fit_risk.py). For each wanted share of wrong
negatives: the share observed in the other half, and how often it lay in the interval that was promised.
Writes benchmarks/results/calibration.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib.hidden import hide, read_judged
from benchmarks.quality.fit_risk import CACHE
from benchmarks.quality.fit_risk import RESULTS as FITTED
from benchmarks.quality.quality import Models
from miner.calibrating.calibrate import learn
from miner.calibrating.calibration import CAPS, Calibration
from miner.calibrating.labels import LabelledPools
from miner.errors import MinerError
from miner.risk import RiskModel, probability
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "calibration.json"
COUNT, SEED = 5, 7


def observe(calibration: Calibration, evidence: LabelledPools, share: float) -> tuple[float, float, bool]:
    """Share of wrong negatives, share of slots filled, and whether the former is within the promise."""
    risk = probability(calibration.model.logits(evidence.features))
    allowed = evidence.allowed & (risk <= calibration.threshold(share))
    chosen = allowed & (np.cumsum(allowed, axis=1) <= COUNT)
    wrong = float((chosen & evidence.answers).sum() / max(chosen.sum(), 1))
    promised = calibration.promise(share).leak
    return wrong, float(chosen.sum() / (COUNT * len(evidence))), promised.low <= wrong <= promised.high


def judge(model: RiskModel, evidence: LabelledPools, splits: int) -> dict[str, Any]:
    seen: dict[float, list[tuple[float, float, bool]]] = {share: [] for share in CAPS}
    refused = 0
    for split in range(splits):
        half = np.random.default_rng(split).permutation(len(evidence)) % 2 == 0
        calibration = learn(model, evidence.part(half), COUNT, split)
        for share in CAPS:
            try:
                seen[share].append(observe(calibration, evidence.part(~half), share))
            except MinerError:
                refused += 1
    names = ("observed", "slots_filled", "within_promise")
    means = {
        f"{share:g}": {
            name: round(float(np.mean(column)), 4)
            for name, column in zip(names, zip(*lines, strict=True), strict=True)
        }
        for share, lines in seen.items()
        if lines
    }
    return {
        "queries": len(evidence),
        "hidden_passages": evidence.events,
        "splits": splits,
        "refused": refused,
        "shares": means,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--splits", type=int, default=40)
    parser.add_argument("--cache", type=Path, default=CACHE)
    given = parser.parse_args()
    fitted, results = json.loads(FITTED.read_text()), {}
    for name in given.sets:
        trial = hide(read_judged(given.data, name, given.cache), SEED, limit=600)
        evidence = LabelledPools.of(trial.pool, trial.geometry, trial.open, trial.hidden)
        results[name] = judge(Models.of(name, fitted).risk, evidence, given.splits)
        print(name, json.dumps(results[name]))
    write_json(RESULTS, results)


if __name__ == "__main__":
    main()
