"""Does the choice of negatives matter? The same model and rows, trained on negatives of each method.

    python -m benchmarks.quality.downstream DATA [--sets covidq stackfaq] [--methods naive miner] [--seeds 0 1 2]

Each training query shows one of its relevant passages, the others stay hidden in the corpus, as in real
data. Queries are split by connected components of shared relevant passages. The trained model ranks, for
each test query, the whole corpus if it is small, else what the untouched model finds nearest and all
relevant passages. A run is (set, method, seed); each is kept in --work when it is done, so that the program
can be stopped, started again and given parts; --results is written from all runs there are.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.lib.judged import Judged, encode, read_judged
from benchmarks.lib.negatives import METHODS, Known, method
from miner.data import Float64, Int64, Row
from miner.models.load import load_sentence_transformer
from miner.progress import Clock
from miner.reranking.intervals import paired
from miner.reranking.metrics import METRICS, judge
from miner.storage import files
from miner.training.examples import count_steps, examples, usable
from miner.training.fit import Recorder, fit
from miner.training.plan import OWN, TrainPlan, precision

SETS = ("covidq", "stackfaq", "banking77", "scifact", "medquad")
MAX_LENGTH = 128
SMALL_CORPUS = 1_500
NEAREST = 30
UNTOUCHED = "untouched"
REFERENCES = (UNTOUCHED, "random", "bm25", "naive", "sentence-transformers")


@dataclass(frozen=True)
class Size:
    """How much of a set is used."""

    train: int = 400
    test: int = 200
    epochs: int = 2


QUICK = Size(train=64, test=60, epochs=1)


@dataclass(frozen=True)
class Part:
    """One seed of a set: what is trained on and what is ranked."""

    known: Known
    test: Int64
    candidates: list[Int64]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), help="or miner:FILTER[:SELECTOR]")
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1, 2))
    parser.add_argument("--quick", action="store_true", help="fewer rows, one epoch: does it run?")
    parser.add_argument(
        "--work", type=Path, default=Path("downstream.work"), help="vectors and finished runs"
    )
    parser.add_argument("--results", type=Path, help="where to write the figures of all finished runs")
    options = parser.parse_args()
    size = QUICK if options.quick else Size()
    runs = options.work / ("quick.jsonl" if options.quick else "runs.jsonl")
    for name in options.sets:
        judged = read_judged(options.data, name, options.work, MAX_LENGTH)
        for seed in options.seeds:
            part = divide(judged, size, seed)
            for way in (UNTOUCHED, *options.methods):
                if (name, way, seed) not in {key(record) for record in read_runs(runs)}:
                    append(runs, run(part, way, size))
    if options.results:
        files.write_json(options.results, summary(read_runs(runs), size))


def divide(judged: Judged, size: Size, seed: int) -> Part:
    """Components go to one side whole, in seeded order, until the test queries are enough."""
    draw = np.random.default_rng(seed)
    order = draw.permutation(int(judged.components.max()) + 1)
    place = np.argsort(order)[judged.components]
    queries = draw.permutation(len(judged.queries))
    queries = queries[np.argsort(place[queries], kind="stable")]
    wanted = min(size.test, len(queries) * 45 // 100)
    border = place[queries[wanted - 1]]
    test, rest = queries[place[queries] <= border][: size.test], queries[place[queries] > border]
    train = rest[: size.train]
    revealed = np.array([draw.choice(judged.relevant[i]) for i in train], np.int64)
    return Part(Known(judged, train, revealed, seed, MAX_LENGTH), test, [candidates(judged, i) for i in test])


def candidates(judged: Judged, query: int) -> Int64:
    """Relevant passages first, then the others that are to be ranked."""
    relevant = judged.relevant[query]
    similarities = judged.passage_vectors @ judged.query_vectors[query]
    depth = len(similarities) if len(similarities) <= SMALL_CORPUS else NEAREST
    near = np.argsort(-similarities, kind="stable")[:depth]
    return np.concatenate([np.array(relevant, np.int64), near[~np.isin(near, relevant)]])


def run(part: Part, way: str, size: Size) -> dict[str, Any]:
    known, start = part.known, time.perf_counter()
    record: dict[str, Any] = {"set": known.judged.name, "method": way, "seed": known.seed}
    model = load_sentence_transformer(None, max_length=MAX_LENGTH)
    if way != UNTOUCHED:
        mined = method(way)(known)
        record |= described(known, mined) | trained(model, known, mined, size)
    figures = ranked(model, part)
    means = dict(zip(METRICS, figures.mean(axis=0).round(4).tolist(), strict=True))
    print(record["set"], way, known.seed, means, flush=True)
    return record | {
        "seconds": round(time.perf_counter() - start, 1),
        "queries": part.test.tolist(),
        "components": known.judged.components[part.test].tolist(),
        "figures": figures.round(6).tolist(),
    }


def described(known: Known, mined: Sequence[Sequence[int]]) -> dict[str, Any]:
    """How many negatives there are, how many of them are hidden relevant passages, how similar they are."""
    pairs = [(int(query), row) for query, rows in zip(known.queries, mined, strict=True) for row in rows]
    judged = known.judged
    wrong = [row in judged.relevant[query] for query, row in pairs]
    cosines = [float(judged.query_vectors[query] @ judged.passage_vectors[row]) for query, row in pairs]
    return {
        "rows": len(known.queries),
        "negatives": len(pairs),
        "false_negatives": round(float(np.mean(wrong)), 4),
        "similarity": round(float(np.mean(cosines)), 4),
    }


def trained(model: Any, known: Known, mined: Sequence[Sequence[int]], size: Size) -> dict[str, Any]:
    """Train the model in place on the revealed passages and the mined negatives."""
    judged = known.judged
    plan = TrainPlan("bi", OWN, size.epochs, 3e-5, 8, MAX_LENGTH, precision(), known.seed, ())
    rows = [
        Row(
            judged.queries[query], (judged.passages[shown],), tuple(judged.passages[row] for row in negatives)
        )
        for query, shown, negatives in zip(known.queries, known.revealed, mined, strict=True)
    ]
    table = examples(usable(rows, plan), plan)
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "metrics.jsonl", count_steps(table, plan), None, Clock())
        return {"steps": fit(model, table, plan, Path(folder), recorder, None)}


def ranked(model: Any, part: Part) -> Float64:
    """METRICS of each test query, [test, 4]."""
    judged = part.known.judged
    rows, places = np.unique(np.concatenate(part.candidates), return_inverse=True)
    passages = encode(model, [judged.passages[row] for row in rows])
    queries = encode(model, [judged.queries[i] for i in part.test])
    split = np.split(places, np.cumsum([len(own) for own in part.candidates])[:-1])
    return np.stack(
        [
            judge(passages[own] @ queries[i], np.arange(len(own)) < len(judged.relevant[query]))
            for i, (query, own) in enumerate(zip(part.test, split, strict=True))
        ]
    )


def key(record: dict[str, Any]) -> tuple[str, str, int]:
    return record["set"], record["method"], record["seed"]


def read_runs(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def append(path: Path, record: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        stream.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))


def summary(runs: Sequence[dict[str, Any]], size: Size) -> dict[str, Any]:
    """Means of each method over its seeds, and paired intervals against each reference over common seeds."""
    sets: dict[str, Any] = {}
    for name in dict.fromkeys(record["set"] for record in runs):
        methods: dict[str, dict[int, dict[str, Any]]] = {}
        for record in runs:
            if record["set"] == name:
                methods.setdefault(record["method"], {})[record["seed"]] = record
        sets[name] = {method: figures_of(method, methods) for method in methods}
    return {
        "settings": {"loss": OWN, "max_length": MAX_LENGTH, "train": size.train, "epochs": size.epochs},
        "sets": sets,
    }


def figures_of(method: str, methods: dict[str, dict[int, dict[str, Any]]]) -> dict[str, Any]:
    own = list(methods[method].values())
    known = ("rows", "negatives", "false_negatives", "similarity", "steps", "seconds")
    means = np.concatenate([np.array(record["figures"]) for record in own]).mean(axis=0)
    return {
        "seeds": sorted(methods[method]),
        **dict(zip(METRICS, means.round(4).tolist(), strict=True)),
        **{name: round(float(np.mean([r[name] for r in own])), 4) for name in known if name in own[0]},
        "against": {
            other: against(methods[other], methods[method])
            for other in REFERENCES
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
