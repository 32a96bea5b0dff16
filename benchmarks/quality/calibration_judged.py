"""Does a calibration keep its promise where labels have gaps, by what is hidden and by judgments?

    python -m benchmarks.quality.calibration_judged DATA_DIR SET... [--splits 20] [--cache FOLDER]

Half of a set's hidden relevant passages are taken for unlabelled: calibrating by what is hidden does not count them.
One half of the queries is mined under such a calibration with a cap of a tenth, some of what comes out is judged as the
complete labels say, and calibrated by that anew. The other half is mined under a cap, and what answers is counted by
the complete labels. Models never saw the set. Writes benchmarks/results/calibration_judged.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib.hidden import Trial, hide, read_judged
from benchmarks.quality.calibration import COUNT, SEED, observe
from benchmarks.quality.fit_risk import CACHE
from benchmarks.quality.fit_risk import RESULTS as FITTED
from benchmarks.quality.quality import Models
from miner.calibrating.calibrate import learn, learn_judged
from miner.calibrating.calibration import Calibration
from miner.calibrating.labels import LabelledPools
from miner.data import Bool
from miner.errors import MinerError
from miner.risk import RiskModel, probability
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "calibration_judged.json"
SHARES = (0.05, 0.1)
LABELLED, CAP, FEW, MANY = 0.5, 0.1, 200, 1000


@dataclass(frozen=True)
class Half:
    """Queries to calibrate on, with all that answers, what of it is labelled, and the calibration by that."""

    complete: LabelledPools
    labelled: LabelledPools
    first: Calibration
    seed: int

    @classmethod
    def of(cls, complete: LabelledPools, labelled: Bool, model: RiskModel, seed: int) -> Half:
        some = replace(complete, answers=complete.answers & labelled)
        return cls(complete, some, learn(model, some, COUNT, seed), seed)

    @property
    def mined(self) -> Bool:
        """[Q, K] what comes out under the first calibration."""
        risk = probability(self.first.model.logits(self.complete.features))
        allowed = self.complete.allowed & (risk <= self.first.threshold(CAP))
        return np.asarray(allowed & (np.cumsum(allowed, axis=1) <= COUNT), np.bool_)

    def judged(self, count: int) -> LabelledPools:
        """So many of them judged, drawn at random."""
        cells, known = np.argwhere(self.mined), np.zeros_like(self.complete.allowed)
        drawn = np.random.default_rng(self.seed).permutation(len(cells))[:count]
        known[tuple(cells[drawn].T)] = True
        some = np.flatnonzero(known.any(axis=1))
        return replace(self.complete, known=known).part(some)


def by_both(model: RiskModel, half: Half) -> Calibration:
    ordered = half.first
    return learn_judged(ordered.model, half.judged(FEW), COUNT, half.seed, ordered=ordered.method)


WAYS: dict[str, Callable[[RiskModel, Half], Calibration]] = {
    "hidden, all labelled": lambda model, half: learn(model, half.complete, COUNT, half.seed),
    "hidden": lambda model, half: half.first,
    f"{FEW} judgments": lambda model, half: learn_judged(model, half.judged(FEW), COUNT, half.seed),
    f"{MANY} judgments": lambda model, half: learn_judged(model, half.judged(MANY), COUNT, half.seed),
    f"both, {FEW} judgments": by_both,
}


def measure(trial: Trial, model: RiskModel, splits: int) -> dict[str, Any]:
    evidence = LabelledPools.of(trial.pool, trial.geometry, trial.open, trial.hidden)
    labelled = np.random.default_rng(SEED).uniform(size=trial.hidden.shape) < LABELLED
    seen: dict[str, dict[float, list[tuple[float, float, bool]]]] = {
        way: {share: [] for share in SHARES} for way in WAYS
    }
    for split in range(splits):
        mine = np.random.default_rng(split).permutation(len(evidence)) % 2 == 0
        half = Half.of(evidence.part(mine), labelled[mine], model, split)
        for name, way in WAYS.items():
            try:
                calibration = way(model, half)
                found = {share: observe(calibration, evidence.part(~mine), share) for share in SHARES}
            except MinerError:
                continue
            for share in SHARES:
                seen[name][share].append(found[share])
    return {
        "queries": len(evidence),
        "splits": splits,
        "ways": {
            name: {f"{share:g}": summary(lines) for share, lines in by_share.items() if lines}
            for name, by_share in seen.items()
        },
    }


def summary(lines: list[tuple[float, float, bool]]) -> dict[str, float]:
    """Of the splits that could be calibrated: how many, and means."""
    observed, filled, within = (np.mean(column) for column in zip(*lines, strict=True))
    return {
        "calibrated": len(lines),
        "observed": round(float(observed), 4),
        "slots_filled": round(float(filled), 4),
        "within_promise": round(float(within), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--cache", type=Path, default=CACHE)
    given = parser.parse_args()
    fitted, results = json.loads(FITTED.read_text()), {}
    for name in given.sets:
        trial = hide(read_judged(given.data, name, given.cache), SEED, limit=600)
        results[name] = measure(trial, Models.of(name, fitted).risk, given.splits)
        print(name, json.dumps(results[name]), flush=True)
        write_json(RESULTS, results)


if __name__ == "__main__":
    main()
