"""Whole processes, from the shell to the written file: miner's build-index and mine against a short script over
sentence-transformers, on the same folder, weights and texts.

    python -m benchmarks.speed.whole DATA_DIR sample stackfaq medquad:1500:400 wordnet:12000 --rounds 5

A set is the packaged sample or a BEIR folder in DATA_DIR, cut to so many passages (judged ones first) and queries.
Each round runs every contender once, in turn, so that drift of the machine falls on all, and ratios are taken within
a round. 'first use' finds no converted model; 'warm' finds one, and no index; 'again' is `mine` alone with another
filter, beside the script with its cache of embeddings. Kept after each round, so that it can be stopped and called
again: rounds that are there are not run anew. Writes benchmarks/results/whole.json.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed.speed import subset
from miner import samples
from miner.corpus import read_corpus
from miner.models.locate import locate
from miner.storage.files import write_json, write_jsonl

RESULTS = Path(__file__).parents[1] / "results" / "whole.json"
HERE = Path(__file__).parent
THEIRS, THEIRS_CACHED = "sentence-transformers", "sentence-transformers, with its cache"
MARGIN = "margin(relative=0.1)"
Steps = list[list[str]]


@dataclass(frozen=True)
class Course:
    """Where a contender runs: the data, an empty folder of its own, and what earlier rounds have left."""

    data: Path
    here: Path
    kept: Path

    def script(self, *options: str) -> list[str]:
        model = str(locate().folder)
        return [
            sys.executable,
            str(HERE / "st_script.py"),
            str(self.data),
            str(self.here / "o"),
            model,
            *options,
        ]

    def build(self, *options: str) -> list[str]:
        return miner(
            "build-index", str(self.data / "corpus.jsonl"), "--out", str(self.here / "index"), *options
        )

    def as_first_mined(self) -> Path:
        """An index that was mined from once, with the filter of the first time."""
        return shutil.copytree(self.kept / "index", self.here / "mined")

    def mine(self, index: Path, *options: str) -> list[str]:
        out = str(self.here / "out.jsonl")
        return miner("mine", str(self.data), "--index", str(index), "-o", out, *options)


def miner(*words: str) -> list[str]:
    return [sys.executable, "-m", "miner", *words]


def whole(course: Course, *options: str) -> Steps:
    return [course.build(*options), course.mine(course.here / "index")]


CONTENDERS: Mapping[str, Callable[[Course], Steps]] = {
    THEIRS: lambda course: [course.script()],
    "sentence-transformers, bf16": lambda course: [course.script("--bf16")],
    "miner, first use": whole,
    "miner, warm": whole,
    "miner int8, warm": lambda course: whole(course, "--dtype", "int8"),
    THEIRS_CACHED: lambda course: [course.script("--cache", str(course.kept / "cache"))],
    "miner again": lambda course: [course.mine(course.as_first_mined(), "--filter", MARGIN)],
}


def run(steps: Steps, cache: Path) -> dict[str, float]:
    """Seconds from the shell to the last file, of wall and of processors, and the peak of memory in MiB."""
    environment = {**os.environ, "MINER_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    environment["PYTHONPATH"] = str(HERE.parents[1])
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, start, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0
    for step in steps:
        process = subprocess.Popen(step, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = process.stderr.read() if process.stderr else b""
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{' '.join(step)}\n{said.decode()[-3000:]}")
        peak = max(peak, used.ru_maxrss)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(seconds, 3), "processor": round(processor, 3), "peak MiB": peak >> 10}


def prepare(data: Path, kept: Path) -> None:
    """What 'warm' and 'again' find: both converted models, an index that was mined from, their cache."""
    course = Course(data, kept / "first", kept)
    course.here.mkdir(parents=True)
    run([course.build("--dtype", "int8")], kept / "models")
    shutil.rmtree(course.here / "index")
    run(whole(course), kept / "models")
    (course.here / "index").rename(kept / "index")
    run([course.script("--cache", str(kept / "cache"))], kept / "models")


def one_round(data: Path, kept: Path, names: list[str], scratch: Path) -> dict[str, Any]:
    found = {}
    for name in names:
        with tempfile.TemporaryDirectory(dir=scratch) as here:
            course = Course(data, Path(here), kept)
            cache = Path(here) / "models" if name.endswith("first use") else kept / "models"
            found[name] = run(CONTENDERS[name](course), cache)
            print(f"{name}: {found[name]}", file=sys.stderr, flush=True)
    return found


def folder_of(spelt: str, data: Path, out: Path) -> dict[str, int]:
    """The set in a BEIR folder of its own: 'sample', or NAME[:PASSAGES[:QUERIES]]."""
    name, *limits = spelt.split(":")
    if name != "sample":
        passages, queries = [*map(int, limits), 10**9, 10**9][:2]
        return subset(data / name, out, passages, queries)
    sample = samples.sample(out / "sample")
    passages_read = list(read_corpus(sample / "corpus"))
    asked = [json.loads(line) for line in (sample / "queries.jsonl").read_text().splitlines()]
    corpus = [{"_id": each.id, "title": each.title, "text": each.text} for each in passages_read]
    write_jsonl(out / "corpus.jsonl", corpus)
    queries_read = [{"_id": f"q{i}", "text": row["query"]} for i, row in enumerate(asked)]
    write_jsonl(out / "queries.jsonl", queries_read)
    held = {each.id for each in passages_read}
    lines = [f"q{i}\t{id}\t1\n" for i, row in enumerate(asked) for id in row["relevant_ids"] if id in held]
    (out / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(lines))
    return {"passages": len(corpus), "queries": len(asked)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    record = json.loads(given.results.read_text()) if given.results.exists() else {}
    with tempfile.TemporaryDirectory() as held:
        for spelt in given.sets:
            name, scratch = spelt.partition(":")[0], Path(held) / spelt.partition(":")[0]
            done = record.setdefault(name, {"rounds": []})
            if len(done["rounds"]) >= given.rounds:
                continue
            done |= folder_of(spelt, given.data, scratch / "data")
            prepare(scratch / "data", scratch / "kept")
            while len(done["rounds"]) < given.rounds:
                done["rounds"].append(one_round(scratch / "data", scratch / "kept", given.only, scratch))
                write_json(given.results, record)


if __name__ == "__main__":
    main()
