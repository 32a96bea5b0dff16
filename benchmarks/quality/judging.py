"""What judges are worth: calls, false negatives and hardness by judging everything, nothing, or where it counts.

    python -m benchmarks.quality.judging DATA_DIR SET... [--cache FOLDER] [--again]

Judges are simulated on judged sets of which one relevant passage a query is shown and the others are hidden: they
find a hidden one, and pass another candidate, at three pairs of rates, with errors by chance or errors that follow
another encoder (the hashing one, which sees words only). Their errors are measured by a trial of 50 and 50 as in
`miner mine --judge`. Results go to benchmarks/results/judging.json; a set that stands there is not run again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib.hidden import Trial, hide, read_judged
from benchmarks.quality.fit_risk import CACHE
from miner.auditing.assisted import AssistedStratum, assisted
from miner.data import Bool, Float64
from miner.encoders import HashingEncoder
from miner.judging.asking import AskRules, QueryAsking
from miner.judging.candidates import JUDGED_CAP
from miner.judgments.errors import JudgeErrors
from miner.risk import RiskModel, features, packaged_model, probability, read_model
from miner.storage.files import write_json

HERE = Path(__file__).parents[1]
RESULTS = HERE / "results" / "judging.json"
JUDGES = ((0.9, 0.95), (0.8, 0.9), (0.7, 0.95))
FOLLOWING = 0.7
"""Correlation of a judge's leaning with the other encoder's similarity, where its errors follow that."""
N, SHARE, TRIED = 5, 0.05, 50


@dataclass(frozen=True)
class Candidates:
    """Q queries with K candidates each, most similar first."""

    risks: Float64
    scores: Float64
    hidden: Bool
    open: Bool
    other: Float64
    """[Q, K] similarity by another encoder."""

    @classmethod
    def of(cls, trial: Trial, model: RiskModel) -> Candidates:
        logits = model.logits(features(trial.pool, trial.geometry))
        other = _other(trial)
        return cls(probability(logits), trial.pool.scores.astype(np.float64), trial.hidden, trial.open, other)

    def __len__(self) -> int:
        return len(self.risks)


def _other(trial: Trial) -> Float64:
    encoder, judged = HashingEncoder(), trial.judged
    rows, places = np.unique(trial.pool.rows, return_inverse=True)
    queries = encoder.encode_queries([judged.queries[i] for i in trial.queries]).astype(np.float32)
    passages = encoder.encode_passages([judged.passages[row] for row in rows]).astype(np.float32)
    places = places.reshape(trial.pool.rows.shape)
    return np.stack([passages[line] @ query for line, query in zip(places, queries, strict=True)])


def verdicts(found: Candidates, rates: tuple[float, float], follows: bool, seed: int) -> Bool:
    """[Q, K] whether the judge says that a candidate answers, at these rates over the open ones."""
    random = np.random.default_rng(seed)
    leaning = random.normal(size=found.risks.shape)
    if follows:
        within = found.other - found.other.mean(axis=1, keepdims=True)
        leaning = FOLLOWING * within / within.std() + np.sqrt(1 - FOLLOWING**2) * leaning
    says = np.zeros(found.risks.shape, np.bool_)
    for truth, rate in ((True, rates[0]), (False, 1 - rates[1])):
        here = found.open & (found.hidden == truth)
        if here.any():
            says |= here & (leaning > np.quantile(leaning[here], 1 - rate))
    return says


def tried(found: Candidates, says: Bool, seed: int) -> JudgeErrors:
    """The judge's errors as a trial finds them: on hidden answers, and on the half of lowest risk."""
    random = np.random.default_rng(seed)
    low = found.open & (found.risks <= np.median(found.risks, axis=1, keepdims=True))
    tables = []
    for kind in (found.open & found.hidden, low):
        said = says[kind]
        drawn = said[random.choice(len(said), min(TRIED, len(said)), replace=False)]
        tables.append({"answers": float(drawn.sum()), "no": float((~drawn).sum())})
    return JudgeErrors(*tables)


Row = Callable[[int], "tuple[list[int], int]"]
"""Of a query: the chosen columns, and calls made."""


def measure(found: Candidates, choose: Row) -> dict[str, float]:
    calls, wrong, cosines, filled = 0, 0, 0.0, 0
    for query in range(len(found)):
        columns, asked = choose(query)
        calls += asked
        wrong += int(found.hidden[query, columns].sum())
        cosines += float(found.scores[query, columns].sum())
        filled += len(columns)
    return {
        "calls": round(calls / len(found), 3),
        "false": round(wrong / max(filled, 1), 5),
        "cosine": round(cosines / max(filled, 1), 4),
        "filled": round(filled / (N * len(found)), 4),
    }


def judge_all(found: Candidates, says: Bool) -> Row:
    """Every candidate is judged until five pass."""

    def choose(query: int) -> tuple[list[int], int]:
        columns = np.flatnonzero(found.open[query])
        passed = np.flatnonzero(~says[query, columns])[:N]
        asked = int(passed[-1]) + 1 if len(passed) == N else len(columns)
        return columns[passed].tolist(), asked

    return choose


def risk_alone(found: Candidates) -> Row:
    """The hardest five without the riskiest 5 %."""

    def choose(query: int) -> tuple[list[int], int]:
        columns = np.flatnonzero(found.open[query])
        risks = found.risks[query, columns]
        dropped = max(1, int(np.ceil(SHARE * len(columns))))
        limit = np.sort(risks)[::-1][min(dropped, len(columns) - 1)]
        return columns[risks <= limit][:N].tolist(), 0

    return choose


def cascade(found: Candidates, says: Bool, errors: JudgeErrors, cap: float) -> Row:
    """As `miner mine --judge`."""

    def choose(query: int) -> tuple[list[int], int]:
        columns = np.flatnonzero(found.open[query])
        rules = AskRules(N, cap)
        asking = QueryAsking(found.risks[query, columns], found.scores[query, columns], rules, [errors])
        while wave := asking.wave():
            for column in wave:
                asking.tell(column, "answers" if says[query, columns[column]] else "no")
        return columns[asking.chosen()].tolist(), int(asking.asked.sum())

    return choose


def run_set(found: Candidates) -> dict[str, Any]:
    result: dict[str, Any] = {
        "queries": len(found),
        "hidden": int((found.hidden & found.open).sum()),
        "risk alone": measure(found, risk_alone(found)),
        "judges": [],
    }
    for rates in JUDGES:
        for follows in (False, True):
            says = verdicts(found, rates, follows, seed=1)
            errors = tried(found, says, seed=2)
            result["judges"].append(
                {
                    "sensitivity": rates[0],
                    "specificity": rates[1],
                    "follows": follows,
                    "tried": [errors.sensitivity.rate, errors.specificity.rate],
                    "all": measure(found, judge_all(found, says)),
                    "cascade": measure(found, cascade(found, says, errors, JUDGED_CAP)),
                }
            )
    return result


def medians(sets: dict[str, Any]) -> list[dict[str, Any]]:
    """Over sets: the cascade's calls and false share as shares of judge-all's, and its cosine less that."""
    lines = []
    for place, (rates, follows) in enumerate(
        (rates, follows) for rates in JUDGES for follows in (False, True)
    ):
        pairs = [(each["judges"][place]["cascade"], each["judges"][place]["all"]) for each in sets.values()]
        lines.append(
            {
                "sensitivity": rates[0],
                "specificity": rates[1],
                "follows": follows,
                "calls": _median([c["calls"] / a["calls"] for c, a in pairs]),
                "false": _median([c["false"] / max(a["false"], 1e-9) for c, a in pairs]),
                "cosine": _median([c["cosine"] - a["cosine"] for c, a in pairs]),
            }
        )
    return lines


def _median(values: Sequence[float]) -> float:
    return round(float(np.median(values)), 4)


def trial_coverage(draws: int = 200) -> list[dict[str, float]]:
    """How often both true rates lie inside their intervals, over trials of 50 and 50."""
    random = np.random.default_rng(0)
    lines = []
    for sensitivity, specificity in JUDGES:
        held = np.zeros(2)
        for _ in range(draws):
            right, wrong = random.binomial(TRIED, sensitivity), random.binomial(TRIED, specificity)
            errors = JudgeErrors(
                {"answers": right, "no": TRIED - right}, {"no": wrong, "answers": TRIED - wrong}
            )
            for place, (share, truth) in enumerate(
                ((errors.sensitivity, sensitivity), (errors.specificity, specificity))
            ):
                low, high = share.interval
                held[place] += low <= truth <= high
        lines.append(
            {
                "sensitivity": sensitivity,
                "specificity": specificity,
                "held_sensitivity": float(held[0] / draws),
                "held_specificity": float(held[1] / draws),
            }
        )
    return lines


def audit_coverage(draws: int = 1000) -> list[dict[str, float]]:
    """People on 100 of 4,000 that the judge judges, out of 50,000: how often the interval holds the truth, and
    its width as a share of that by people alone."""
    lines = []
    for rate, sensitivity, specificity in (
        (0.1, 0.6, 0.9),
        (0.05, 0.9, 0.95),
        (0.1, 0.8, 0.95),
        (0.1, 0.9, 0.95),
    ):
        random = np.random.default_rng(0)
        people = random.random(50_000) < rate
        judge = np.where(people, random.random(50_000) < sensitivity, random.random(50_000) >= specificity)
        held, widths = 0, []
        for _ in range(draws):
            sample = random.choice(50_000, 4000, replace=False)
            found = assisted([AssistedStratum(50_000, judge[sample], people[sample[:100]])])
            held += found.rate.low <= people.mean() <= found.rate.high
            widths.append((found.rate.high - found.rate.low) / (found.people.high - found.people.low))
        agreement = float(np.corrcoef(people, judge)[0, 1])
        lines.append(
            {
                "rate": rate,
                "agreement": round(agreement, 3),
                "held": float(held / draws),
                "width": round(float(np.mean(widths)), 4),
                "theory": round(float(np.sqrt(1 - agreement**2)), 4),
            }
        )
    return lines


def model_for(name: str) -> RiskModel:
    """Fitted without the set, where the fit used it."""
    fitted = json.loads((HERE / "results" / "risk_fit.json").read_text())["left_out"]
    if name not in fitted:
        return packaged_model()
    return read_model(json.dumps(fitted[name]["risk"]).encode(), "risk_fit.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--again", action="store_true")
    arguments = parser.parse_args()
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() and not arguments.again else {"sets": {}}
    for name in arguments.sets:
        if name in known["sets"]:
            continue
        trial = hide(read_judged(arguments.data, name, arguments.cache), seed=0)
        known["sets"][name] = run_set(Candidates.of(trial, model_for(name)))
        known |= {"medians": medians(known["sets"]), "cap": JUDGED_CAP, "n": N}
        write_json(RESULTS, known)
        print(name, json.dumps(known["sets"][name]["judges"][0]), flush=True)
    write_json(RESULTS, known | {"trial": trial_coverage(), "audit": audit_coverage()})


if __name__ == "__main__":
    main()
