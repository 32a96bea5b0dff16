"""From corpus to negatives, in turn: sentence-transformers against miner.

    python -m benchmarks.speed.speed DATA_DIR SET... [--passages N] [--queries N] [--rounds 3]

Each round runs every contender once, cold, in a process of its own, so that drift of the machine falls on
all; ratios are taken within a round. Same weights, same texts (title and text), five negatives out of the
top 100. 'work' begins with the model loaded and ends with the rows written; 'process' is everything,
imports too; 'warm' is a second run with another filter (miner: index and query vectors are there; sentence-
transformers: with its cache). Of a set with more than N passages the judged ones are taken first. Writes
benchmarks/results/speed.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from miner.data import join_title
from miner.storage.files import write_json, write_jsonl

RESULTS = Path(__file__).parents[1] / "results" / "speed.json"
HERE = Path(__file__).parent
FLOPS_A_TOKEN = 21.3e6
"""Multiplications and additions of all-MiniLM-L6-v2 for one token, attention's scores left out."""
BASE = "sentence-transformers"
RATE = "matrix products, GFLOP/s"
CONTENDERS: Mapping[str, tuple[str, ...]] = {
    "sentence-transformers": (),
    "sentence-transformers, faiss, batch 256": ("--faiss", "--batch", "256"),
    "miner torch": ("--backend", "torch"),
    "miner openvino bf16": ("--backend", "openvino", "--dtype", "bf16"),
    "miner openvino int8": ("--backend", "openvino", "--dtype", "int8"),
}


def subset(data: Path, out: Path, passages: int, queries: int) -> dict[str, int]:
    """A BEIR folder of at most so many queries and passages, judged passages first."""
    judged = [line.split("\t") for line in (data / "qrels.tsv").read_text().splitlines()[1:]]
    asked = [json.loads(line) for line in (data / "queries.jsonl").read_text().splitlines()][:queries]
    ids = {row["_id"] for row in asked}
    judged = [each for each in judged if each[0] in ids and float(each[2]) > 0]
    wanted = {each[1] for each in judged}
    corpus = [json.loads(line) for line in (data / "corpus.jsonl").read_text().splitlines()]
    corpus = sorted(corpus, key=lambda row: row["_id"] not in wanted)[:passages]
    held = {row["_id"] for row in corpus}
    judged = [each for each in judged if each[1] in held]
    answered = {each[0] for each in judged}
    out.mkdir(parents=True)
    write_jsonl(out / "corpus.jsonl", corpus)
    write_jsonl(out / "queries.jsonl", [row for row in asked if row["_id"] in answered])
    text = "".join("\t".join(each) + "\n" for each in [["query-id", "corpus-id", "score"], *judged])
    (out / "qrels.tsv").write_text(text)
    return {"passages": len(corpus), "queries": len(answered), "tokens": tokens(corpus)}


def tokens(corpus: Sequence[Mapping[str, str]]) -> int:
    """Tokens that the encoder sees, special ones and the cut at 256 counted in."""
    from miner.encoders.load import load_encoder

    counts = load_encoder().count_tokens([join_title(row.get("title", ""), row["text"]) for row in corpus])
    return sum(min(count + 2, 256) for count in counts)


def run(name: str, folder: Path, scratch: Path, *more: str) -> dict[str, float]:
    """One contender in a process of its own: what it says of its seconds, and under 'process' all of them."""
    script = "miner_mine.py" if name.startswith("miner") else "st_mine.py"
    command = [sys.executable, str(HERE / script), str(folder), "out.jsonl", *CONTENDERS[name], *more]
    environment = {**os.environ, "MINER_CACHE": str(scratch / "converted"), "HF_HUB_OFFLINE": "1"}
    environment["PYTHONPATH"] = str(HERE.parents[1])
    scratch.mkdir(exist_ok=True)
    start = time.perf_counter()
    done = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr[-3000:]}")
    seconds: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return {**seconds, "process": time.perf_counter() - start}


def cold(name: str, folder: Path, scratch: Path) -> dict[str, float]:
    shutil.rmtree(scratch, ignore_errors=True)
    return run(name, folder, scratch)


def st_with_cache(folder: Path, scratch: Path) -> float:
    """Seconds of sentence-transformers' second run with its cache of embeddings."""
    shutil.rmtree(scratch, ignore_errors=True)
    run(BASE, folder, scratch, "--cache", "cache")
    return run(BASE, folder, scratch, "--cache", "cache")["work"]


def matrix_rate() -> dict[str, float]:
    """GFLOP/s of matrix products of this machine, by dtype: the best of some runs."""
    import torch

    rates = {}
    for dtype in (torch.float32, torch.bfloat16):
        a, b = torch.randn(4096, 1536).to(dtype), torch.randn(1536, 1536).to(dtype)
        times = []
        for _ in range(12):
            start = time.perf_counter()
            a @ b
            times.append(time.perf_counter() - start)
        rates[str(dtype).removeprefix("torch.")] = 2 * 4096 * 1536 * 1536 / min(times) / 1e9
    return rates


def spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 3),
        "min": round(min(values), 3),
        "max": round(max(values), 3),
    }


def measure(name: str, given: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    folder = scratch / name
    sizes = subset(given.data / name, folder, given.passages, given.queries)
    rounds: list[dict[str, dict[str, float]]] = []
    for number in range(given.rounds):
        rounds.append({each: cold(each, folder, scratch / "run") for each in CONTENDERS})
        print(name, number + 1, {each: round(one["work"], 1) for each, one in rounds[-1].items()}, flush=True)
    cached = st_with_cache(folder, scratch / "run")
    result: dict[str, Any] = {
        **sizes,
        "rounds": given.rounds,
        RATE: {dtype: round(rate, 1) for dtype, rate in matrix_rate().items()},
        f"{BASE}, warm, with its cache": round(cached, 3),
    }
    for each in CONTENDERS:
        found: dict[str, Any] = {key: spread([r[each][key] for r in rounds]) for key in rounds[0][each]}
        for figure in ("work", "process"):
            found[f"{figure}, times faster"] = spread([r[BASE][figure] / r[each][figure] for r in rounds])
        if "warm" in found:
            found["warm, times faster"] = spread([r[BASE]["work"] / r[each]["warm"] for r in rounds])
            found["warm, times faster than its cache"] = round(cached / found["warm"]["median"], 2)
            rate = sizes["tokens"] / found["encode"]["median"]
            found["tokens a second"] = round(rate)
            found["useful GFLOP/s"] = round(rate * FLOPS_A_TOKEN / 1e9, 1)
        result[each] = found
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--passages", type=int, default=10**9)
    parser.add_argument("--queries", type=int, default=10**9)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    record = json.loads(given.results.read_text()) if given.results.exists() else {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in given.sets:
            record[name] = measure(name, given, Path(scratch))
            write_json(given.results, record)


if __name__ == "__main__":
    main()
