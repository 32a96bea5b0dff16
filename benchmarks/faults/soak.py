"""Builds, updates, mines and verifies again and again in one process, and watches what it holds.

    python -m benchmarks.faults.soak DATA_DIR SET [--times 5] [--minutes 60] [--model hashing]

A round builds an index of the set repeated `--times`, each copy with a word of its own, brings it to a corpus of
which every twentieth passage is another, mines for its queries and looks at every byte. What is resident,
anonymous and mapped, and how many file descriptors and threads there are, is written after every round to
benchmarks/results/soak.json, with the growth a round by least squares over the later half of the rounds.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.memory import judgments, passages, queries
from miner.data import Passage, Query
from miner.encoders.base import Encoder
from miner.encoders.load import load_encoder
from miner.index import build_index, open_index, verify
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.progress import peak_memory
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "soak.json"


def corpus(data: Path, size: int, mark: str = "") -> Iterator[Passage]:
    """The passages; with a mark every twentieth is another text."""
    for number, row in enumerate(passages(data, size), 1):
        text = f"{row['text']} {mark}" if mark and number % 20 == 0 else row["text"]
        yield Passage(row["_id"], text, source="corpus.jsonl", offset=number)


def asked(data: Path) -> list[Query]:
    relevant = judgments(data, 2000, lines(data))
    return [
        Query(row["query"], (), tuple(row["relevant_ids"]), place=f"queries.jsonl:{number}")
        for number, row in enumerate(queries(data, relevant), 1)
    ]


def lines(data: Path) -> int:
    return (data / "corpus.jsonl").read_bytes().count(b"\n")


def held() -> dict[str, float]:
    """What this process holds now: MiB resident in all and without mapped files, descriptors, threads."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "resident MiB": round(int(status["VmRSS"].split()[0]) / 1024, 1),
        "anonymous MiB": round(int(status["RssAnon"].split()[0]) / 1024, 1),
        "descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208
        "threads": threading.active_count(),
    }


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return round(time.perf_counter() - start, 2)


def one_round(
    data: Path, size: int, number: int, encoder: Encoder, asking: list[Query], folder: Path
) -> dict[str, float]:
    index = folder / f"index-{number}"
    marked = corpus(data, size, f"round {number}")
    seconds = {
        "build": timed(lambda: build_index(corpus(data, size), index, encoder)),
        "update": timed(lambda: build_index(marked, index, encoder, existing="update")),
        "mine": timed(
            lambda: mine(asking, open_index(index), Recipe(), encoder=encoder).write(folder / "out.jsonl")
        ),
    }
    complaints: list[str] = []
    seconds["verify"] = timed(lambda: complaints.extend(verify(index)))
    if complaints:
        raise SystemExit("\n".join(complaints))
    for path in sorted(index.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    index.rmdir()
    return {f"{name} s": value for name, value in seconds.items()} | held() | {"files left": left(folder)}


def left(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def growth(rounds: list[dict[str, float]], figure: str) -> float | None:
    """By how much a figure grows a round once caches and pools are full; None before there are six rounds."""
    values = [each[figure] for each in rounds[len(rounds) // 2 :]]
    if len(rounds) < 6:
        return None
    return round(float(np.polyfit(np.arange(len(values)), values, 1)[0]), 3)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("set")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--model", default="hashing")
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    data = given.data / given.set
    size, asking, encoder = given.times * lines(data), asked(data), load_encoder(given.model)
    start = time.monotonic()
    rounds: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name:
        while time.monotonic() < start + 60 * given.minutes:
            rounds.append(one_round(data, size, len(rounds), encoder, asking, Path(name)))
            print(rounds[-1], file=sys.stderr, flush=True)
            record = {
                "set": given.set,
                "passages": size,
                "queries": len(asking),
                "model": given.model,
                "minutes": round((time.monotonic() - start) / 60, 1),
                "peak MiB": round(peak_memory() / 2**20, 1),
                "growth a round": {name: growth(rounds, name) for name in held()},
                "rounds": rounds,
            }
            write_json(given.output, record)


if __name__ == "__main__":
    main()
