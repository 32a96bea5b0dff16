"""Time and memory of `miner validate` on generated rows, in a process of its own.

python -m benchmarks.speed.validate [--rows 1000000] [--folder TEMPORARY] [--output RESULT.json]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

WORDS = [a + b for a in ("ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru") for b in "bdfglmnrst"]
PASSAGE_WORDS, LONG_WORDS = (20, 60), 500


def write(path: Path, rows: int) -> None:
    """Six passages a row; each tenth row has a long one, each thousandth a passage twice."""
    draw = random.Random(0)
    pool = [" ".join(draw.choices(WORDS, k=draw.randint(*PASSAGE_WORDS))) for _ in range(20_000)]
    long = " ".join(draw.choices(WORDS, k=LONG_WORDS))
    with path.open("wb") as stream:
        for number in range(rows):
            passages = [f"{pool[int(draw.random() * len(pool))]} {number}" for _ in range(6)]
            if number % 10 == 0:
                passages[1] = f"{long} {number}"
            if number % 1000 == 0:
                passages[-1] = passages[number // 1000 % 5]
            row = {
                "query": f"{number} {' '.join(draw.choices(WORDS, k=8))}",
                "relevant_passages": passages[:1],
                "hard_negatives": passages[1:],
            }
            stream.write(orjson.dumps(row) + b"\n")


def measure(path: Path) -> dict[str, object]:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", "from miner.cli import main; main()", "validate", str(path), "--json"],
        stdout=subprocess.PIPE,
        check=False,
    )
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = json.loads(done.stdout)
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_memory_mb": round(used.ru_maxrss / 1024),
        "file_mb": round(path.stat().st_size / 1e6),
        "exit_code": done.returncode,
        "counts": {count["rule"]: count["count"] for count in found["counts"]},
        "lengths": found["files"][0]["lengths"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/validate.json"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "rows.jsonl"
        write(path, arguments.rows)
        result = {"rows": arguments.rows, **measure(path)}
    result["machine"] = {"processors": os.cpu_count(), "python": platform.python_version()}
    arguments.output.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
