"""Time and peak memory as a corpus grows: whole commands, 1k to 500k passages made from one set's texts.

    python benchmarks/memory.py DATA_DIR SET [--sizes 1000 10000 100000 537000] [--queries 2000]

A set that is too small is repeated with a word added to every copy. The model is the hashing encoder unless
--model names another: growth of everything but encoding. The largest size is mined by sentence-transformers
with FAISS too, with the same vectors. Writes benchmarks/results/memory.json.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from miner.files import write_json, write_jsonl

RESULTS = Path(__file__).parent / "results" / "memory.json"
MINER = str(Path(sys.executable).with_name("miner"))
RIVAL = (sys.executable, str(Path(__file__).with_name("st_mine.py").resolve()), "--faiss", "--hashing")


def passages(data: Path, size: int) -> Iterator[dict[str, str]]:
    lines = (data / "corpus.jsonl").read_text().splitlines()
    for number in range(size):
        copy, place = divmod(number, len(lines))
        row = json.loads(lines[place])
        text = f"{row['text']} {copy}" if copy else row["text"]
        yield {"_id": f"{row['_id']}-{copy}" if copy else row["_id"], "text": text}


def qrels(data: Path, count: int, held: set[str]) -> list[list[str]]:
    """The judgments of so many queries whose relevant passages are there."""
    lines = [line.split("\t") for line in (data / "qrels.tsv").read_text().splitlines()[1:]]
    lines = [line for line in lines if line[1] in held]
    asked = set(list(dict.fromkeys(line[0] for line in lines))[:count])
    return [line for line in lines if line[0] in asked]


def queries(data: Path, count: int, held: set[str]) -> Iterator[dict[str, Any]]:
    """Queries with their relevant ids, as miner reads them."""
    texts = {
        row["_id"]: row["text"] for row in map(json.loads, (data / "queries.jsonl").read_text().splitlines())
    }
    relevant: dict[str, list[str]] = {}
    for query, passage, _ in qrels(data, count, held):
        relevant.setdefault(query, []).append(passage)
    for query, ids in relevant.items():
        yield {"query": texts[query], "relevant_ids": ids}


def write_set(data: Path, folder: Path, size: int, count: int) -> int:
    """A BEIR folder of `size` passages; how many queries it has."""
    made = list(passages(data, size))
    judged = qrels(data, count, {row["_id"] for row in made})
    asked = {line[0] for line in judged}
    texts = map(json.loads, (data / "queries.jsonl").read_text().splitlines())
    folder.mkdir()
    write_jsonl(folder / "corpus.jsonl", made)
    write_jsonl(folder / "queries.jsonl", [row for row in texts if row["_id"] in asked])
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(line) for line in judged)]
    (folder / "qrels.tsv").write_text("\n".join(lines) + "\n")
    return len(asked)


def run(command: Sequence[str], cwd: Path) -> dict[str, float]:
    """Seconds and the process's own peak of resident memory."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}\n{said.decode()[-2000:]}")
    return {"seconds": round(time.perf_counter() - start, 2), "peak MiB": round(usage.ru_maxrss / 1024, 1)}


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    """Slope of the logarithms by least squares."""
    x, y = [math.log(size) for size in sizes], [math.log(value) for value in values]
    middle = sum(x) / len(x)
    return sum((a - middle) * b for a, b in zip(x, y, strict=True)) / sum((a - middle) ** 2 for a in x)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("set")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000, 537_000])
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--model", default="hashing")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    record: dict[str, Any] = {"set": given.set, "model": given.model, "sizes": {}}
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            asked = write_set(given.data / given.set, folder / "set", size, given.queries)
            build = [MINER, "build-index", "set", "--out", "index", "--model", given.model]
            mine = [MINER, "mine", "set", "--index", "index", "-o", "out.jsonl"]
            sides: dict[str, Any] = {"queries": asked, "build": run(build, folder), "mine": run(mine, folder)}
            if size == max(given.sizes) and given.model == "hashing":
                sides["sentence-transformers"] = run([*RIVAL, "set", "theirs.jsonl"], folder)
            record["sizes"][str(size)] = sides
            print(size, sides, flush=True)
    steps = list(record["sizes"].values())
    for figure in ("seconds", "peak MiB"):
        totals = [
            step["build"][figure] + step["mine"][figure]
            if figure == "seconds"
            else max(step["build"][figure], step["mine"][figure])
            for step in steps
        ]
        record[f"exponent of {figure}"] = round(exponent(given.sizes, totals), 3)
    write_json(given.results, record)


if __name__ == "__main__":
    main()
