"""What a second encoder's view of the same candidates saves: false share at the hardness of a known recipe.

    python -m benchmarks.quality.two_encoders DATA_DIR SET... [--second e5 static] [--seeds 2] [--queries 1300]

By the protocol of quality.py: the price at which negatives are, in the mean, as near to the query as the recipe's,
with the risk of a model that never saw the set by the first encoder's view, and by the mean in log odds of both, as
mining with two indexes has it. Writes benchmarks/results/two_encoders.json, where sets that are not asked for stay as
they were.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib.contenders import BASELINES
from benchmarks.lib.hidden import LIMIT, Trial, hide, read_judged
from benchmarks.lib.views import seen_by
from benchmarks.quality.fit_risk import CACHE, PROTOCOL
from benchmarks.quality.fit_risk import RESULTS as FITTED
from benchmarks.quality.quality import BAR, Field, Models
from miner.data import Float32
from miner.risk import logit, probability
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "two_encoders.json"
ALONE = "one"


def together(risks: Sequence[Sequence[Float32]]) -> list[Float32]:
    """A risk a trial from those of several views: their mean in log odds."""
    return [
        probability(np.mean([logit(view) for view in views], axis=0)).astype(np.float32)
        for views in zip(*risks, strict=True)
    ]


def measure(trials: Sequence[Trial], models: Models, seconds: Sequence[str], cache: Path) -> dict[str, Any]:
    first = Field.of(trials, models)
    bar = first.mined(BASELINES[BAR])
    views = {name: [models.risks(each)[0] for each in seen_by(trials, name, cache)] for name in seconds}
    ways = {ALONE: first.risk, **{name: together([first.risk, view]) for name, view in views.items()}}
    if len(views) > 1:
        ways[" and ".join(views)] = together([first.risk, *views.values()])
    fields = {name: replace(first, risk=risk) for name, risk in ways.items()}
    return {
        "queries": len(trials[0].queries),
        BAR: first.summary(bar),
        **{
            name: {"auc": each.auc(each.risk), "at_bar": each.priced_as_hard(bar)}
            for name, each in fields.items()
        },
    }


def overall(sets: dict[str, Any]) -> dict[str, float]:
    """The median over the sets of the false share, of the recipe's."""
    ways = [name for name in next(iter(sets.values())) if name not in ("queries", BAR)]
    return {
        way: round(statistics.median(each[way]["at_bar"]["leak_over_bar"][0] for each in sets.values()), 4)
        for way in ways
        if all(way in each for each in sets.values())
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--second", nargs="+", default=["e5", "static"])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--queries", type=int, default=LIMIT)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    fitted = json.loads(FITTED.read_text())
    sets = json.loads(given.output.read_text())["sets"] if given.output.exists() else dict[str, Any]()
    for name in given.sets:
        judged = read_judged(given.data, name, given.cache)
        trials = [hide(judged, seed, given.queries) for seed in range(given.seeds)]
        sets[name] = measure(trials, Models.of(name, fitted), given.second, given.cache)
        print(f"{name}: {overall({name: sets[name]})}", file=sys.stderr)
        found = {"protocol": PROTOCOL, "seeds": given.seeds, "overall": overall(sets), "sets": sets}
        write_json(given.output, found)


if __name__ == "__main__":
    main()
