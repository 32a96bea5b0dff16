"""False share against hardness, rule by rule: which way of using the risk without labels lies lowest?

    python -m benchmarks.quality.frontier DATA_DIR SET... [--seeds 2] [--cache FOLDER]

As in quality.py one relevant passage of a query is shown and the others are hidden; five negatives are mined by
every rule at every strength, by a risk model that never saw the set. Writes benchmarks/results/frontier.json and
frontier.svg.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib.contenders import COUNT, sentence_transformers
from benchmarks.lib.frontier_plot import plot
from benchmarks.lib.hidden import Trial, hide, read_judged
from benchmarks.lib.measures import Tally, bootstrap, interval, tally, together
from benchmarks.quality.fit_risk import CACHE, PROTOCOL
from benchmarks.quality.fit_risk import RESULTS as FITTED
from benchmarks.quality.quality import Models
from miner.data import KEPT, PADDED, PADDING, Bool, Float64, Int64, Pool
from miner.filters import DropRiskiest, Margin, Risk
from miner.mining.fitting import sample
from miner.mining.recipe import Recipe
from miner.risk import logit
from miner.selectors import BelowRelevant, FittedSelector, RiskPenalty, Sample, Selector, Top
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "frontier.json"
BAR, BEFORE, DEFAULT = "sentence-transformers", "riskiest(share=0.05), below()", "priced()"
SHARES = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
PRICES = tuple(10.0 ** (power / 4) for power in range(-12, 13))
CAPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
DEVIATIONS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0)
MARGINS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)

Keep = Callable[[Sequence[Pool], float], list[Bool]]
"""Which candidates of each trial's pool may be negatives, at a strength."""


def each(make: Callable[[float], Any]) -> Keep:
    """A filter of the package."""
    return lambda pools, value: [make(value).keep(pool) for pool in pools]


def one_limit(pools: Sequence[Pool], share: float) -> list[Bool]:
    """The riskiest share of all candidates of the run."""
    risks = [pool.risk for pool in pools if pool.risk is not None]
    opens = [pool.valid & (pool.match == 0) for pool in pools]
    limit = np.quantile(
        np.concatenate([risk[some] for risk, some in zip(risks, opens, strict=True)]), 1 - share
    )
    return [risk <= limit for risk in risks]


def standing_out(pools: Sequence[Pool], deviations: float) -> list[Bool]:
    """Log odds by so many robust deviations above the query's median."""
    return [_standing_out(pool, deviations) for pool in pools]


def _standing_out(pool: Pool, deviations: float) -> Bool:
    assert pool.risk is not None
    odds = np.where(pool.valid & (pool.match == 0), logit(pool.risk), np.nan)
    middle = np.nanmedian(odds, axis=1, keepdims=True)
    spread = 1.4826 * np.nanmedian(np.abs(odds - middle), axis=1, keepdims=True)
    return np.asarray(~(odds > middle + deviations * spread), np.bool_)


@dataclass(frozen=True)
class Rule:
    """A way of mining with one number to turn: candidates are kept, then chosen."""

    values: Sequence[float]
    keep: Keep | None
    select: Callable[[float], Selector]

    def rows(self, trials: Sequence[Trial], pools: Sequence[Pool], value: float) -> list[Int64]:
        kept = self.keep(pools, value) if self.keep else [pool.valid for pool in pools]
        select = self.select(value)
        return [
            chosen(trial, pool, mine, select) for trial, pool, mine in zip(trials, pools, kept, strict=True)
        ]


def chosen(trial: Trial, pool: Pool, kept: Bool, select: Selector) -> Int64:
    """[Q, COUNT] rows, PADDING where a slot stays empty. A selector that is fitted to a run's queries is so, by a
    sample as a run draws it."""
    verdicts = np.where(kept & trial.open, KEPT, PADDED).astype(np.uint8)
    wanted = np.full(len(pool.rows), COUNT, np.int64)
    if isinstance(select, FittedSelector) and not select.ready:
        seen = sample([trial.judged.queries[query] for query in trial.queries], trial.seed)
        some = np.zeros_like(wanted)
        some[seen] = COUNT
        select = select.fitted([pool], [verdicts], [some])
    columns = select.choose(pool, verdicts, wanted, trial.seed).columns
    rows = np.take_along_axis(pool.rows, np.maximum(columns, 0), axis=1)
    return np.where(columns == PADDING, PADDING, rows)


RULES: dict[str, Rule] = {
    "margin(relative), top()": Rule(MARGINS, each(lambda v: Margin(relative=v)), lambda _: Top()),
    "risk(max), top()": Rule(CAPS, each(lambda v: Risk(max=v)), lambda _: Top()),
    "riskiest(share), top()": Rule(SHARES, each(lambda v: DropRiskiest(share=v)), lambda _: Top()),
    "riskiest(share), below()": Rule(
        SHARES, each(lambda v: DropRiskiest(share=v)), lambda _: BelowRelevant()
    ),
    "riskiest(share), sample()": Rule(SHARES, each(lambda v: DropRiskiest(share=v)), lambda _: Sample()),
    "riskiest share of the run, top()": Rule(SHARES, one_limit, lambda _: Top()),
    "what stands out, top()": Rule(DEVIATIONS, standing_out, lambda _: Top()),
    "priced(price, relevant=0)": Rule(PRICES, None, lambda v: RiskPenalty(price=v, relevant=0.0)),
    "priced(price)": Rule(PRICES, None, lambda v: RiskPenalty(price=v)),
}


@dataclass(frozen=True)
class Course:
    """The trials of a set, one a seed, and their pools with risks."""

    trials: Sequence[Trial]
    pools: Sequence[Pool]
    draws: Float64

    @classmethod
    def of(cls, trials: Sequence[Trial], models: Models) -> Course:
        pools = [replace(trial.pool, risk=models.risks(trial)[0]) for trial in trials]
        return cls(trials, pools, bootstrap(np.concatenate([trial.queries for trial in trials])))

    def curve(self, rule: Rule) -> list[tuple[float, Tally]]:
        return [(value, self.tally(rule.rows(self.trials, self.pools, value))) for value in rule.values]

    def tally(self, rows: Sequence[Int64]) -> Tally:
        return together([tally(trial, mine) for trial, mine in zip(self.trials, rows, strict=True)])

    def points(self) -> dict[str, Tally]:
        """What is compared as it comes: their recipe, the default, and what was the default before."""
        pairs = list(zip(self.trials, self.pools, strict=True))
        before = [chosen(t, p, DropRiskiest().keep(p), BelowRelevant()) for t, p in pairs]
        default = [chosen(t, p, p.valid, Recipe().select) for t, p in pairs]
        theirs = [sentence_transformers(trial)[0] for trial in self.trials]
        return {BAR: self.tally(theirs), BEFORE: self.tally(before), DEFAULT: self.tally(default)}

    def summary(self, found: Tally) -> dict[str, list[float]]:
        return {
            name: interval(found[name].value, found[name].drawn(self.draws))
            for name in ("leak", "cosine", "filled")
        }


def at(curve: Sequence[tuple[float, Tally]], cosine: float) -> float | None:
    """The false share on a curve at a mean cosine, between its points along a line; None beyond its ends."""
    points = sorted((found["cosine"].value, found["leak"].value) for _, found in curve)
    xs, ys = zip(*points, strict=True)
    return round(float(np.interp(cosine, xs, ys)), 5) if xs[0] <= cosine <= xs[-1] else None


def measure(course: Course) -> dict[str, Any]:
    points, curves = course.points(), {name: course.curve(rule) for name, rule in RULES.items()}
    marks = {name: points[name]["cosine"].value for name in (BAR, BEFORE)}
    return {
        "queries": len(course.trials[0].queries),
        "points": {name: course.summary(found) for name, found in points.items()},
        "curves": {
            name: {f"{value:g}": course.summary(found) for value, found in curve}
            for name, curve in curves.items()
        },
        "at the hardness of": {
            mark: {name: at(curve, cosine) for name, curve in curves.items()}
            for mark, cosine in marks.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    fitted, sets = json.loads(FITTED.read_text()), dict[str, Any]()
    for name in given.sets:
        judged = read_judged(given.data, name, given.cache)
        trials = [hide(judged, seed) for seed in range(given.seeds)]
        sets[name] = measure(Course.of(trials, Models.of(name, fitted)))
        print(f"{name}: {sets[name]['points']}", file=sys.stderr)
    write_json(given.output, {"protocol": f"{PROTOCOL}; {COUNT} mined", "seeds": given.seeds, "sets": sets})
    plot(sets, given.output.with_suffix(".svg"))


if __name__ == "__main__":
    main()
