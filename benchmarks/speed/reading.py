"""How fast files are read: passages and queries a second of processor time of each kind, the best of several rounds.

`--against FOLDER` reads the same files with the package in another checkout, in turns with this one.
Writes benchmarks/results/reading.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "benchmarks" / "results" / "reading.json"
ROWS, ROUNDS = 40_000, 5
READ = """
import collections, sys, time
from miner.corpus import read_corpus
from miner.corpus.queries import read_queries
read = read_queries if "queries" in sys.argv[1] else read_corpus
start = time.process_time()
collections.deque(read(sys.argv[1]), 0)
print(time.process_time() - start)
"""


def write_files(folder: Path) -> dict[str, int]:
    """The files, and how many records or documents each holds."""
    words = "a refund takes about five days and is paid to the card that was used for the order"
    texts = [f"{words[n % 9 :]} {n} {words}" for n in range(ROWS)]
    rows = [{"_id": f"d{n}", "title": f"Title {n % 99}", "text": text} for n, text in enumerate(texts)]
    asked = [
        {"query": text[:60], "relevant_passages": [text], "hard_negatives": [text[::-1]]} for text in texts
    ]
    (folder / "c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    for suffix, separator in ((".csv", ","), (".tsv", "\t")):
        lines = (separator.join(row.values()) for row in rows)
        (folder / f"c{suffix}").write_text("\n".join([separator.join(rows[0]), *lines]) + "\n")
    pq.write_table(pa.Table.from_pylist(rows), folder / "c.parquet")
    (folder / "docs").mkdir()
    for n in range(300):
        parts = [f"# Page {n}\n\n", *(f"## Part {m}\n\n{texts[n * 20 + m]}\n\n" for m in range(20))]
        (folder / "docs" / f"{n}.md").write_text("".join(parts))
    records = dict.fromkeys(("c.jsonl", "c.csv", "c.tsv", "c.parquet", "queries.jsonl"), ROWS)
    return records | {"docs": 6000}


def seconds(checkout: Path, path: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path)
    against = parser.parse_args().against
    checkouts = {"now": ROOT} | ({"before": against} if against else {})
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, count in write_files(Path(folder)).items():
            best = dict.fromkeys(checkouts, float("inf"))
            for _ in range(ROUNDS):
                for which, checkout in checkouts.items():
                    best[which] = min(best[which], seconds(checkout, Path(folder) / name))
            result[name] = {which: round(count / value) for which, value in best.items()}
            print(name, result[name], flush=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
