"""A user's path on the packaged sample, command by command: build, mine, split, train, evaluate, serve, rerank.

    python -m benchmarks.speed.path --rounds 3

Every step is a process of its own with its defaults and the bundled model, and begins where the one before it ended;
'serve, rerank' lasts from the start of the server to the ranked list that the tuned model gives. Kept after each
round; rounds that are there are not run anew. Writes benchmarks/results/path.json.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "path.json"
IN_ALL = "in all"


def miner(*words: str) -> list[str]:
    return [sys.executable, "-c", "from miner.cli import main; main()", *words]


STEPS = {
    "sample": miner("sample", "help"),
    "build-index": miner("build-index", "help/corpus", "--out", "index"),
    "mine": miner("mine", "help/queries.jsonl", "--index", "index", "-o", "rows.jsonl"),
    "split": miner("split", "rows.jsonl", "--small"),
    "train": miner("train", "rows.train.jsonl", "--eval", "rows.eval.jsonl", "-o", "tuned"),
    "evaluate": miner("evaluate", "tuned", "rows.eval.jsonl"),
}


def run(step: list[str], here: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run(step, cwd=here, env=_environment(), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(step)}\n{done.stderr[-3000:]}")
    return time.perf_counter() - start


def _environment() -> dict[str, str]:
    named = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "HF_HUB_OFFLINE": "1"}
    named.pop("PYTHONDONTWRITEBYTECODE", None)
    return named


def serve_and_rerank(here: Path) -> float:
    """Seconds until a server just started has ranked the passages of the first row held out."""
    row = json.loads((here / "rows.eval.jsonl").read_text().splitlines()[0])
    documents = [*row["relevant_passages"], *row["hard_negatives"]]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.perf_counter()
    words = miner("serve", "state", "--model-name", "mine=tuned", "--port", str(port))
    server = subprocess.Popen(words, cwd=here, env=_environment(), stderr=subprocess.DEVNULL)
    body = json.dumps({"model": "mine", "query": row["query"], "documents": documents}).encode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/v2/rerank", body, {"content-type": "application/json"}, method="POST"
    )
    try:
        while True:
            try:
                with urllib.request.urlopen(asked) as answer:
                    assert len(json.load(answer)["results"]) == len(documents)
                return time.perf_counter() - start
            except (urllib.error.URLError, ConnectionError):
                if server.poll() is not None:
                    raise SystemExit("the server ended") from None
                time.sleep(0.05)
    finally:
        server.terminate()
        server.wait()


def one_round() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        found = {name: run(step, here) for name, step in STEPS.items()}
        found["serve, rerank"] = serve_and_rerank(here)
        found[IN_ALL] = sum(found.values())
    return {name: round(seconds, 2) for name, seconds in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    record = json.loads(given.results.read_text()) if given.results.exists() else {"rounds": []}
    while len(record["rounds"]) < given.rounds:
        record["rounds"].append(one_round())
        print(record["rounds"][-1], file=sys.stderr, flush=True)
        write_json(given.results, record)


if __name__ == "__main__":
    main()
