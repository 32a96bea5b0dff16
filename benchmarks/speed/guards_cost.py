"""What the guards cost mining, and the last check before writing a second run: beside a version from before them.

    python -m benchmarks.speed.guards_cost DATA SET... --before CHECKOUT [--work FOLDER] [--rounds 5] [--cache FOLDER]

Mines for every query of a set three times: anew, again, and again with one negative fewer, so that the rows are others
while all else is known. Versions take turns, each run in a process of its own on one thread; told are seconds of
processor, the fewest of all rounds, since what else runs on the machine only adds to them. The vectors are made
beforehand. Puts the results into benchmarks/results/guards_cost.json; those of other sets stay there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib.hidden import read_judged
from benchmarks.quality.fit_risk import CACHE
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "guards_cost.json"
RUN = Path(__file__).with_name("guards_mine.py")
NOW, BEFORE = "now", "before"
RUNS = {"first": 5, "again": 5, "one negative fewer": 4}
"""Runs in turn, with the negatives they mine for a query."""
KEPT = "found", "compared", "risk", "checked"
"""What an index keeps of earlier runs."""


def prepare(data: Path, name: str, cache: Path, folder: Path) -> tuple[int, int]:
    """Puts the texts of a set and their vectors into the folder; how many queries and passages there are."""
    judged = read_judged(data, name, cache)
    asked = [
        (text, [str(row) for row in rows]) for text, rows in zip(judged.queries, judged.relevant, strict=True)
    ]
    known = [i for i, (_, rows) in enumerate(asked) if rows]
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "passages.json", judged.passages)
    write_json(folder / "queries.json", [asked[i] for i in known])
    np.save(folder / "vectors.npy", judged.vectors)
    np.save(folder / "query_vectors.npy", judged.query_vectors[known])
    return len(known), len(judged.passages)


def run(root: Path, folder: Path, version: str, count: int) -> dict[str, float]:
    given = [folder, folder / f"index-{version}", folder / f"rows-{version}-{count}.jsonl", count]
    settings = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, RUN, *map(str, given)], env=settings, cwd=root, check=True, stdout=subprocess.PIPE
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(folder: Path, roots: Mapping[str, Path], rounds: int) -> dict[str, Any]:
    """Of each version and run the fewest seconds."""
    for version, root in roots.items():
        if not (folder / f"index-{version}").exists():
            run(root, folder, version, 1)
    found: dict[str, dict[str, list[dict[str, float]]]] = {
        each: {name: [] for name in RUNS} for each in roots
    }
    for _ in range(rounds):
        for version, root in roots.items():
            for path in (folder / f"index-{version}" / "cache").glob("*_*"):
                if path.name.split("_")[0] in KEPT:
                    path.unlink()
            for name, count in RUNS.items():
                found[version][name].append(run(root, folder, version, count))
    return {version: {name: _least(each) for name, each in runs.items()} for version, runs in found.items()}


def _least(runs: list[dict[str, float]]) -> dict[str, float]:
    best = min(runs, key=lambda each: each["mining"])
    return {"seconds": round(best["mining"], 3), "last check": round(best["check"], 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument(
        "--before", type=Path, required=True, help="a checkout of the version to compare with"
    )
    parser.add_argument("--work", type=Path, help="keeps the indexes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the vectors of the sets are")
    given = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    roots = {BEFORE: given.before.resolve(), NOW: Path(__file__).parents[2]}
    with tempfile.TemporaryDirectory() as temporary:
        for name in given.sets:
            folder = (given.work or Path(temporary)).resolve() / name
            queries, passages = prepare(given.data, name, given.cache, folder)
            found = measure(folder, roots, given.rounds)
            results[name] = {"queries": queries, "passages": passages, "rounds": given.rounds, **found}
            write_json(RESULTS, results)
            print(name, json.dumps(found), file=sys.stderr)


if __name__ == "__main__":
    main()
