"""Time and peak memory as a corpus grows: whole commands, 1k to 500k passages made from one set's texts.

    python -m benchmarks.speed.memory DATA_DIR SET [--sizes 1000 10000 100000 537000] [--queries 2000]

A set that is too small is repeated with a word added to every copy. Growth is that of the corpus alone: the
same queries at every size, those that the smallest answers, and their relevant passages first. The largest
size is mined for --queries too, by miner and by sentence-transformers with FAISS. The model is the hashing
encoder unless --model names another: growth of everything but encoding. Writes benchmarks/results/memory.json.
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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from miner.storage.files import write_json, write_jsonl

RESULTS = Path(__file__).parents[1] / "results" / "memory.json"
MINER = str(Path(sys.executable).with_name("miner"))
RIVAL = (sys.executable, str(Path(__file__).with_name("st_mine.py").resolve()), "--faiss", "--hashing")


def passages(data: Path, size: int, first: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """So many, beginning with those of these ids."""
    place = {id: number for number, id in enumerate(first)}
    rows = list(map(json.loads, (data / "corpus.jsonl").read_text().splitlines()))
    rows.sort(key=lambda row: place.get(row["_id"], len(place)))
    for number in range(size):
        copy, at = divmod(number, len(rows))
        id, text = rows[at]["_id"], rows[at]["text"]
        yield {"_id": f"{id}-{copy}" if copy else id, "text": f"{text} {copy}" if copy else text}


def judgments(data: Path, queries: int, passages: int) -> dict[str, list[str]]:
    """The relevant passages of the first queries, at most so many queries and passages."""
    relevant: dict[str, list[str]] = {}
    for line in (data / "qrels.tsv").read_text().splitlines()[1:]:
        query, passage, _ = line.split("\t")
        relevant.setdefault(query, []).append(passage)
    out: dict[str, list[str]] = {}
    held: set[str] = set()
    for query, ids in list(relevant.items())[:queries]:
        if len(held := held | set(ids)) > passages:
            break
        out[query] = ids
    return out


def queries(data: Path, relevant: Mapping[str, list[str]]) -> Iterator[dict[str, Any]]:
    """Queries with their relevant ids, as miner reads them."""
    for row in map(json.loads, (data / "queries.jsonl").read_text().splitlines()):
        if row["_id"] in relevant:
            yield {"query": row["text"], "relevant_ids": relevant[row["_id"]]}


def write_set(data: Path, folder: Path, size: int, relevant: Mapping[str, list[str]]) -> None:
    """A BEIR folder of `size` passages, the relevant ones first."""
    texts = map(json.loads, (data / "queries.jsonl").read_text().splitlines())
    folder.mkdir()
    first = list(dict.fromkeys(id for ids in relevant.values() for id in ids))
    write_jsonl(folder / "corpus.jsonl", passages(data, size, first))
    write_jsonl(folder / "queries.jsonl", [row for row in texts if row["_id"] in relevant])
    judged = [f"{query}\t{id}\t1" for query, ids in relevant.items() for id in ids]
    (folder / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *judged]) + "\n")


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
    data = given.data / given.set
    few = judgments(data, given.queries, min(given.sizes))
    steps = [step(data, size, few, given.model) for size in given.sizes]
    record: dict[str, Any] = {"set": given.set, "model": given.model, "sizes": steps}
    for figure, total in (("seconds", sum), ("peak MiB", max)):
        totals = [total((one["build"][figure], one["mine"][figure])) for one in steps]
        record[f"exponent of {figure}"] = round(exponent(given.sizes, totals), 3)
    many = judgments(data, given.queries, max(given.sizes))
    record["most"] = step(data, max(given.sizes), many, given.model, beside=given.model == "hashing")
    write_json(given.results, record)


def step(
    data: Path, size: int, relevant: Mapping[str, list[str]], model: str, *, beside: bool = False
) -> dict[str, Any]:
    """Build an index of so many passages and mine these queries; `beside` does it with sentence-transformers too."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_set(data, folder / "set", size, relevant)
        build = [MINER, "build-index", "set", "--out", "index", "--encoder", model]
        mine = [MINER, "mine", "set", "--index", "index", "-o", "out.jsonl"]
        found: dict[str, Any] = {"passages": size, "queries": len(relevant)}
        found |= {"build": run(build, folder), "mine": run(mine, folder)}
        if beside:
            found["sentence-transformers"] = run([*RIVAL, "set", "theirs.jsonl"], folder)
        print(found, flush=True)
        return found


if __name__ == "__main__":
    main()
