"""Who tells false negatives from right ones? Every contender on every set, with each encoder and with several.

    python -m benchmarks.quality.detection DATA_DIR SET... [--encoders minilm e5 static] [--together minilm+e5]
        [--contender FILE.py:FUNCTION] [--judge 'COMMAND'] [--queries 300] [--cache FOLDER] [--output JSON]

One relevant passage of each query is shown, the others are hidden among its 100 nearest. Contenders score the
candidates; what counts is where the hidden ones come, within their query: among what people judged, where they
judged negatives too, and among the whole pool. Then five negatives a query are mined under one limit on the score
that gives the mean cosine of sentence-transformers' recipe, and the hidden ones among them are the false share.
SET:judged is a set of which nothing is known but what was judged. Writes benchmarks/results/detection.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib.contenders import sentence_transformers
from benchmarks.lib.detectors import DETECTORS, Detector, Judge, Views, loaded
from benchmarks.lib.hidden import Trial, hide
from benchmarks.lib.measures import Ratio, bootstrap, interval, tally
from benchmarks.lib.ranking import MEASURES, by_query
from benchmarks.lib.views import read_views, seen_with
from benchmarks.quality.fit_risk import CACHE, PROTOCOL
from benchmarks.quality.fit_risk import RESULTS as FITTED
from benchmarks.quality.quality import Field, Models
from miner.data import Bool, Float32, Float64
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "detection.json"
SEED, QUERIES = 11, 300
Drawn = dict[str, tuple[float, Float64]]
"""Values by measure, with their bootstrap draws."""


@dataclass(frozen=True)
class Arena:
    """One set: its trial, what people judged of the candidates, and the bar that others are measured at."""

    trial: Trial
    draws: Float64
    bar: float
    """Mean cosine of sentence-transformers' recipe."""
    theirs: Ratio
    """Its false share."""
    complete: bool
    """Whether what nobody judged is known to be irrelevant."""

    @classmethod
    def of(cls, trial: Trial, complete: bool) -> Arena:
        theirs = tally(trial, *sentence_transformers(trial))
        return cls(trial, bootstrap(trial.queries), theirs["cosine"].value, theirs["leak"], complete)

    def measured(self, scores: Float64) -> Drawn:
        """Every measure of a contender's scores [Q, K], among judged candidates and among the pool."""
        trial, found = self.trial, Drawn()
        judged = trial.open & (trial.hidden | trial.irrelevant)
        if trial.irrelevant.any():
            found |= self._ordered("judged", scores, judged)
        if self.complete:
            found |= self._ordered("pool", scores, trial.open) | self._as_hard(scores.astype(np.float32))
        return found

    def _ordered(self, name: str, scores: Float64, among: Bool) -> Drawn:
        values = by_query(scores, self.trial.hidden, among)
        return {f"{name} {measure}": self._mean(each) for measure, each in values.items()}

    def _mean(self, values: Float64) -> tuple[float, Float64]:
        counted = np.isfinite(values)
        weights, kept = self.draws[:, counted], values[counted]
        return float(kept.mean()), (weights @ kept) / np.maximum(weights.sum(axis=1), 1)

    def _as_hard(self, scores: Float32) -> Drawn:
        field = Field([self.trial], [scores], [scores], self.draws)
        found = field.under(field.as_hard(self.bar, [scores]))
        leak = found["leak"]
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = leak.drawn(self.draws) / self.theirs.drawn(self.draws)
        return {
            "false share": (leak.value, leak.drawn(self.draws)),
            "of the recipe's": (leak.value / self.theirs.value, ratio),
            "filled": (found["filled"].value, found["filled"].drawn(self.draws)),
        }


def measure(
    name: str,
    given: argparse.Namespace,
    eyes: Mapping[str, Sequence[str]],
    contenders: Mapping[str, Detector],
) -> tuple[dict[str, Any], dict[str, Drawn]]:
    """The record of a set, and its draws by contender and encoders."""
    name, _, kind = name.partition(":")
    judged = read_views(given.data, name, given.encoders, given.cache)
    trial = hide(judged[0], SEED, limit=given.queries)
    ground = Arena.of(trial, complete=kind != "judged")
    seen = [trial, *(seen_with(trial, each) for each in judged[1:])]
    by_encoder = dict(zip(given.encoders, seen, strict=True))
    risk = Models.of(name, json.loads(FITTED.read_text())).risk
    drawn: dict[str, Drawn] = {}
    for label, encoders in eyes.items():
        views = Views([by_encoder[each] for each in encoders], risk)
        for contender, detector in contenders.items():
            drawn[f"{contender} | {label}"] = ground.measured(detector(views))
        print(f"{name}: {label}", file=sys.stderr)
    record = {
        "queries": len(trial.queries),
        "hidden in the pool": round(float(trial.hidden.sum(axis=1).mean()), 3),
        "judged irrelevant in the pool": round(float((trial.irrelevant & trial.open).sum(axis=1).mean()), 3),
        "recipe": {"cosine": round(ground.bar, 5), "false share": round(ground.theirs.value, 5)},
        "contenders": {each: summary(found) for each, found in drawn.items()},
    }
    return record, drawn


def summary(found: Drawn) -> dict[str, list[float]]:
    return {name: interval(value, draws) for name, (value, draws) in found.items()}


def overall(drawn: Mapping[str, Mapping[str, Drawn]]) -> dict[str, Any]:
    """Means over sets, each weighed alike, of what every set has."""
    out: dict[str, Any] = {}
    for contender in next(iter(drawn.values())):
        sets = [each[contender] for each in drawn.values() if contender in each]
        names = dict.fromkeys(name for each in sets for name in each)
        having = {name: [each[name] for each in sets if name in each] for name in names}
        out[contender] = {
            name: interval(
                float(np.nanmean([value for value, _ in each])),
                np.nanmean([draws for _, draws in each], axis=0),
            )
            for name, each in having.items()
        }
    return out


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--encoders", nargs="+", default=["minilm"])
    parser.add_argument("--together", nargs="*", default=[])
    parser.add_argument("--contender", action="append", default=[])
    parser.add_argument("--judge", action="append", default=[])
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


def main() -> None:
    given = parsed()
    contenders = DETECTORS | {each: loaded(each) for each in given.contender}
    contenders |= {f"judge {each}": Judge(each) for each in given.judge}
    eyes = {each: [each] for each in given.encoders} | {each: each.split("+") for each in given.together}
    records, drawn = {}, {}
    for name in given.sets:
        records[name], drawn[name] = measure(name, given, eyes, contenders)
        result = {
            "protocol": f"{PROTOCOL}; measures within a query, means over queries, over sets each weighed alike",
            "seed": SEED,
            "queries": given.queries,
            "encoders": given.encoders,
            "measures": [*MEASURES],
            "overall": overall(drawn),
            "sets": records,
        }
        write_json(given.output, result)


if __name__ == "__main__":
    main()
