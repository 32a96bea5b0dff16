"""How many hidden relevant passages each way of mining takes for negatives, and how hard its negatives are.

    python -m benchmarks.quality.quality DATA_DIR SET... [--seeds 2] [--cache FOLDER] [--output JSON]

For each query with two or more relevant passages one is revealed and the rest are hidden; five negatives are
mined from the 100 most similar passages. A set is scored by a risk model that never saw it
(benchmarks/quality/fit_risk.py). Writes benchmarks/results/quality.json, where sets that are not asked for stay as they
were, and a plot of leak against hardness a set.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib import prototype
from benchmarks.lib.contenders import BASELINES, COUNT, MARGINS, Mined, hardest, margin, priced
from benchmarks.lib.hidden import Trial, hide, read_judged
from benchmarks.lib.measures import Tally, auc, bootstrap, interval, tally, together
from benchmarks.lib.plots import plot
from benchmarks.quality.fit_risk import CACHE, PROTOCOL
from benchmarks.quality.fit_risk import RESULTS as FITTED
from miner.data import Float32, Float64
from miner.risk import NAMES, RiskModel, RiskScorer, probability
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "quality.json"
CAPS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8)
PRICES, HALVINGS = (1e-4, 1e4), 25
WAYS = ("risk", "priced", "prototype")
BAR = "sentence-transformers"


@dataclass(frozen=True)
class Models:
    """What scores a set: a risk model and the prototype, neither of which saw it."""

    risk: RiskModel
    prototype: tuple[float, Float64]
    left_out: bool

    @classmethod
    def of(cls, name: str, fitted: dict[str, Any]) -> Models:
        record = fitted["left_out"].get(name, fitted["all"])
        if name in record["risk"]["fitted"]["sets"]:
            raise SystemExit(f"{name}: every model in {FITTED} saw this set")
        ours, theirs = record["risk"], record["prototype"]
        return cls(
            RiskModel(ours["intercept"], tuple(ours["coefficients"][each] for each in NAMES)),
            (theirs["intercept"], np.array([theirs["coefficients"][each] for each in prototype.NAMES])),
            name in fitted["left_out"],
        )

    def risks(self, trial: Trial) -> tuple[Float32, Float32]:
        """The risk of all candidates by the model and by the prototype, [Q, K] each."""
        scored = RiskScorer(self.risk, trial.geometry).score(trial.pool)
        intercept, coefficients = self.prototype
        logits = intercept + prototype.features(trial.pool) @ coefficients
        assert scored.risk is not None
        return scored.risk, probability(logits).astype(np.float32)


@dataclass(frozen=True)
class Field:
    """The trials of one set, one a seed, with the risk of every candidate."""

    trials: Sequence[Trial]
    risk: Sequence[Float32]
    bar: Sequence[Float32]
    draws: Float64

    @classmethod
    def of(cls, trials: Sequence[Trial], models: Models) -> Field:
        risks = [models.risks(each) for each in trials]
        draws = bootstrap(np.concatenate([each.queries for each in trials]))
        return cls(trials, [ours for ours, _ in risks], [theirs for _, theirs in risks], draws)

    def mined(self, method: Callable[[Trial], Mined]) -> Tally:
        return together([tally(trial, *method(trial)) for trial in self.trials])

    def under(self, cap: float, risks: Sequence[Float32] | None = None) -> Tally:
        """The hardest candidates whose risk is at most the cap."""
        risks = self.risk if risks is None else risks
        return together(
            [
                tally(trial, *hardest(trial, risk <= cap))
                for trial, risk in zip(self.trials, risks, strict=True)
            ]
        )

    def as_hard(self, cosine: float, risks: Sequence[Float32]) -> float:
        """The cap whose negatives have this mean cosine, or the least above it."""
        values = np.unique(
            np.concatenate([risk[trial.open] for trial, risk in zip(self.trials, risks, strict=True)])
        )
        low, high = 0, len(values) - 1
        while low < high:
            middle = (low + high) // 2
            reached = self._cosine(float(values[middle]), risks) >= cosine
            low, high = (low, middle) if reached else (middle + 1, high)
        return float(values[low])

    def _cosine(self, cap: float, risks: Sequence[Float32]) -> float:
        total, count = 0.0, 0
        for trial, risk in zip(self.trials, risks, strict=True):
            kept = trial.open & (risk <= cap)
            taken = kept & (np.cumsum(kept, axis=1) <= COUNT)
            total, count = total + float(trial.pool.scores[taken].sum()), count + int(taken.sum())
        return total / max(count, 1)

    def priced(self, price: float) -> Tally:
        """The candidates of highest cosine less the price times their odds."""
        return together(
            [
                tally(trial, priced(trial, risk, price))
                for trial, risk in zip(self.trials, self.risk, strict=True)
            ]
        )

    def priced_as_hard(self, bar: Tally) -> dict[str, Any]:
        """The price whose negatives have the bar's mean cosine, and what comes of it."""
        low, high = PRICES
        for _ in range(HALVINGS):
            middle = math.sqrt(low * high)
            reached = self.priced(middle)["cosine"].value >= bar["cosine"].value
            low, high = (middle, high) if reached else (low, middle)
        return {"price": low, **self.against(self.priced(low), bar)}

    def summary(self, found: Tally) -> dict[str, list[float]]:
        return {name: interval(each.value, each.drawn(self.draws)) for name, each in found.items()}

    def auc(self, risks: Sequence[Float32]) -> list[float]:
        hidden = np.concatenate([each.hidden & each.open for each in self.trials])
        return auc(np.concatenate(risks), hidden, np.concatenate([e.open for e in self.trials]), self.draws)

    def compared(self, risks: Sequence[Float32], bar: Tally) -> dict[str, Any]:
        """At the mean cosine of the bar: the figures, the cap, and this leak over the bar's."""
        cap = self.as_hard(bar["cosine"].value, risks)
        return {"cap": cap, **self.against(self.under(cap, risks), bar)}

    def against(self, found: Tally, bar: Tally) -> dict[str, Any]:
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = found["leak"].drawn(self.draws) / bar["leak"].drawn(self.draws)
        ratio = interval(found["leak"].value / bar["leak"].value, drawn)
        return {**self.summary(found), "leak_over_bar": ratio}


def measure(field: Field, left_out: bool) -> dict[str, Any]:
    found = {name: field.mined(method) for name, method in BASELINES.items()}
    margins = {f"{value:g}": field.mined(lambda trial, v=value: margin(trial, v)) for value in MARGINS}  # type: ignore[misc]
    caps = {f"{cap:g}": field.under(cap) for cap in CAPS}
    trial = field.trials[0]
    return {
        "queries": len(trial.queries),
        "passages": len(trial.judged.passages),
        "hidden_in_pool": round(float(np.mean([each.hidden.sum(axis=1).mean() for each in field.trials])), 3),
        "model": "fitted without this set" if left_out else "fitted on other sets",
        "methods": {name: field.summary(each) for name, each in found.items()},
        "margins": {name: field.summary(each) for name, each in margins.items()},
        "caps": {name: field.summary(each) for name, each in caps.items()},
        "at_bar": {
            "risk": field.compared(field.risk, found[BAR]),
            "priced": field.priced_as_hard(found[BAR]),
            "prototype": field.compared(field.bar, found[BAR]),
        },
        "auc": {"risk": field.auc(field.risk), "prototype": field.auc(field.bar)},
    }


def overall(sets: dict[str, Any]) -> dict[str, Any]:
    """What the figures of all left-out sets come to."""
    ours = [each for each in sets.values() if each["model"] == "fitted without this set"]
    gains = [each["auc"]["risk"][0] - each["auc"]["prototype"][0] for each in ours]
    return (
        {"auc_gain": round(statistics.mean(gains), 4), **{way: _ratios(ours, way) for way in WAYS}}
        if ours
        else {}
    )


def _ratios(sets: list[dict[str, Any]], way: str) -> dict[str, float]:
    found = [each["at_bar"][way] for each in sets]
    ratios = [each["leak_over_bar"][0] for each in found]
    return {
        "leak_over_bar_median": round(statistics.median(ratios), 4),
        "leak_over_bar_highest": round(max(ratios), 4),
        "least_filled": min(each["filled"][0] for each in found),
    }


def versions() -> dict[str, str]:
    packages = ("miner", "numpy", "sentence-transformers", "bm25s")
    return {name: metadata.version(name) for name in packages}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    fitted = json.loads(FITTED.read_text())
    before = json.loads(given.output.read_text()) if given.output.exists() else {}
    sets: dict[str, Any] = before.get("sets", {})
    for name in given.sets:
        models = Models.of(name, fitted)
        judged = read_judged(given.data, name, given.cache)
        field = Field.of([hide(judged, seed) for seed in range(given.seeds)], models)
        sets[name] = measure(field, models.left_out)
        plot(name, sets[name], given.output.with_name(f"{given.output.stem}-{name}.svg"))
        print(f"{name}: {sets[name]['at_bar']['risk']}", file=sys.stderr)
        _write(given.output, given.seeds, sets)


def _write(path: Path, seeds: int, sets: dict[str, Any]) -> None:
    protocol = f"{PROTOCOL}; {COUNT} mined"
    found = {"protocol": protocol, "versions": versions(), "seeds": seeds}
    write_json(path, {**found, "overall": overall(sets), "sets": sets})


if __name__ == "__main__":
    main()
