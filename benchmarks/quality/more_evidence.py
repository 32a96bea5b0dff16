"""What further evidence adds to the risk: fitted with it and without it, each set scored by what never saw it.

    python -m benchmarks.quality.more_evidence words DATA_DIR SET... [--queries 300] [--cache FOLDER] [--output JSON]
    python -m benchmarks.quality.more_evidence encoders DATA_DIR SET... [--second e5]

`words` adds the rare words that a candidate has in common with query and relevant passage; `encoders` what a second
encoder sees, and both. SET:judged is a set of which nothing is known but what people judged: it is measured, and never
learned from. Measures are those of detection.py. Writes benchmarks/results/more_evidence_WHAT.json.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib.hidden import Trial, hide
from benchmarks.lib.measures import interval
from benchmarks.lib.views import read_views, seen_with
from benchmarks.lib.words import word_features
from benchmarks.quality.detection import QUERIES, SEED, Arena, Drawn, overall, summary
from benchmarks.quality.fit_risk import CACHE, PROTOCOL, fit
from miner.data import Float64
from miner.risk import NAMES, features
from miner.risk.model import STEEPEST
from miner.storage.files import write_json
from miner.text.fold import fold_all
from miner.text.tokens import TokenLine

RESULTS = Path(__file__).parents[1] / "results"
READ = 1000
FEEDBACK, PARTIAL = NAMES.index("feedback"), NAMES.index("partial")
LETTERS = [NAMES.index("covered"), NAMES.index("shared")]


@dataclass(frozen=True)
class Seen:
    """A set's trial, with the features [Q, K, F] of its candidates as each encoder sees them."""

    name: str
    trial: Trial
    complete: bool
    views: Sequence[Float64]
    words: Float64
    """[Q, K, 2]"""

    @property
    def first(self) -> Float64:
        return self.views[0]

    @property
    def mean(self) -> Float64:
        return np.asarray(np.mean(self.views, axis=0))

    @property
    def apart(self) -> Float64:
        """[Q, K, 2] how far encoders disagree: deviations of what weighs most."""
        return np.asarray(np.std([each[..., [FEEDBACK, PARTIAL]] for each in self.views], axis=0))


Way = tuple[Callable[[Seen], list[Float64]], Callable[[Seen], list[Float64]]]
"""Features that a model learns from and those that it scores: of several views each is learned from as a set of its
own, and scores are averaged in log odds."""


def alike(features: Callable[[Seen], Float64]) -> Way:
    """Scored by what was learned from."""
    return (lambda seen: [features(seen)]), (lambda seen: [features(seen)])


def beside(*parts: Float64) -> Float64:
    return np.concatenate(parts, axis=-1)


WAYS: dict[str, dict[str, Way]] = {
    "words": {
        "as it is": alike(lambda seen: seen.first),
        "words beside letters": alike(lambda seen: beside(seen.first, seen.words)),
        "words for letters": alike(lambda seen: beside(np.delete(seen.first, LETTERS, axis=-1), seen.words)),
    },
    "encoders": {
        "the first alone": alike(lambda seen: seen.first),
        "the second alone, by a model of the first": (
            lambda seen: [seen.first],
            lambda seen: [seen.views[1]],
        ),
        "the second alone, by its own": alike(lambda seen: seen.views[1]),
        "mean of log odds, as mining does": (lambda seen: [seen.first], lambda seen: list(seen.views)),
        "mean of log odds, and words": (
            lambda seen: [beside(seen.first, seen.words)],
            lambda seen: [beside(each, seen.words) for each in seen.views],
        ),
        "mean of log odds, a model of both": (lambda seen: list(seen.views), lambda seen: list(seen.views)),
        "mean of features": alike(lambda seen: seen.mean),
        "mean of features, and disagreement": alike(lambda seen: beside(seen.mean, seen.apart)),
    },
}


def look(what: str, name: str, given: argparse.Namespace) -> Seen:
    name, _, kind = name.partition(":")
    encoders = ["minilm", given.second] if what == "encoders" else ["minilm"]
    judged = read_views(given.data, name, encoders, given.cache)
    trial = hide(judged[0], SEED, limit=given.queries)
    trials = [trial, *(seen_with(trial, each) for each in judged[1:])]
    views = [features(each.pool, each.geometry) for each in trials]
    return Seen(name, trial, kind != "judged", views, word_features(trial))


def scored(seen: Seen, way: Way, others: Sequence[Seen]) -> Float64:
    """[Q, K] log odds of a set by a model that was fitted on others."""
    learned, read = way
    taught = [(each, values) for each in others for values in learned(each)]
    intercept, coefficients = fit(
        [values[each.trial.open] for each, values in taught],
        [each.trial.hidden[each.trial.open].astype(np.float64) for each, _ in taught],
    )
    found = [np.clip(intercept + values @ coefficients, -STEEPEST, STEEPEST) for values in read(seen)]
    return np.asarray(np.mean(found, axis=0))


def gained(found: Drawn, before: Drawn) -> dict[str, list[float]]:
    """How much more than before, on the same draws of queries."""
    return {
        f"{name}, gained": interval(value - before[name][0], draws - before[name][1])
        for name, (value, draws) in found.items()
    }


def reading(texts: Sequence[str]) -> dict[str, float]:
    """Microseconds of a core that a passage takes to be read anew, as words and as letters."""
    some = [f"{text} " for text in texts[:READ]]
    times = [time.process_time()]
    for read in (lambda: [TokenLine(text) for text in some], lambda: fold_all(some)):
        read()
        times.append(time.process_time())
    return {
        kind: round((stop - start) / len(some) * 1e6, 1)
        for kind, start, stop in zip(("words", "letters"), times, times[1:], strict=False)
    }


def told(ways: dict[str, Drawn]) -> dict[str, dict[str, list[float]]]:
    """What is measured of each way, and what it gains over the first."""
    before = next(iter(ways.values()))
    return {way: summary(found) | gained(found, before) for way, found in ways.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=[*WAYS])
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--second", default="e5")
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    sets = [look(given.what, name, given) for name in given.sets]
    read = {seen.name: reading(seen.trial.judged.passages) for seen in sets}
    drawn: dict[str, dict[str, Drawn]] = {}
    for seen in sets:
        others = [each for each in sets if each is not seen and each.complete]
        ground = Arena.of(seen.trial, seen.complete)
        drawn[seen.name] = {
            name: ground.measured(scored(seen, way, others)) for name, way in WAYS[given.what].items()
        }
        print(
            seen.name,
            {name: found.get("pool auc", (0,))[0] for name, found in drawn[seen.name].items()},
            file=sys.stderr,
        )
    record: dict[str, Any] = {
        "protocol": f"{PROTOCOL}; fitted on the other sets whose judgments are complete",
        "queries": given.queries,
        "overall": overall(drawn),
        "sets": {name: told(ways) for name, ways in drawn.items()},
        "reading": read,
    }
    write_json(given.output or RESULTS / f"more_evidence_{given.what}.json", record)


if __name__ == "__main__":
    main()
