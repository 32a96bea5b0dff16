"""What the risk costs: the same queries mined with a margin, with a cap on the risk, and so by two indexes.

    python -m benchmarks.quality.risk_cost [--passages 100000] [--queries 2000] [--rounds 3]

Nothing that was found before is taken up again. Passages are made up: clusters of random vectors under random words.
Results go to benchmarks/results/risk_cost.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from miner.data import Float32, Passage, Query
from miner.encoders import HashingEncoder
from miner.filters import Filter, Margin, Risk
from miner.index import Index, build_index
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "risk_cost.json"
DIM, TOPIC, WORDS = 384, 20, 80
WAYS: dict[str, tuple[Filter, ...]] = {
    "margin": (Margin(relative=0.05),),
    "risk": (Risk(),),
    "risk of two": (Risk(),),
}
INDEXES = {"risk of two": 2}
"""Of the ways that mine over several; the others over one."""


class Made:
    """Vectors by the number at a text's beginning: its topic's centre with noise. A query's vector is that of
    the passage whose number it begins with, with more noise: neither way needs to search deeper."""

    dim = DIM
    fingerprint: Mapping[str, Any] = HashingEncoder(DIM).fingerprint

    def __init__(self, passages: int) -> None:
        self.centres = np.random.default_rng(0).normal(size=(max(1, passages // TOPIC), DIM))

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        seeds = [int(text.split(maxsplit=1)[0]) for text in texts]
        noise = np.stack([np.random.default_rng(seed).normal(size=DIM) for seed in seeds])
        vectors = self.centres[np.array(seeds) % len(self.centres)] + noise
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        noise = np.stack(
            [np.random.default_rng([int(text.split(maxsplit=1)[0]), 1]).normal(size=DIM) for text in texts]
        )
        vectors = self.encode_passages(texts) + 0.6 * noise / np.sqrt(DIM)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def passages(count: int) -> list[Passage]:
    words = np.array([f"word{i}" for i in range(5000)])
    picks = np.random.default_rng(1).integers(0, len(words), (count, WORDS))
    return [Passage(f"p{i}", f"{i} {' '.join(words[line])}") for i, line in enumerate(picks)]


Seconds = dict[str, list[float]]


def measure(index: Index, queries: list[Query], encoder: Made, rounds: int) -> tuple[Seconds, Seconds]:
    """Seconds of each round by way, on the wall and of all cores, the ways in turn; the first round, which
    warms up, is dropped."""
    wall: Seconds = {way: [] for way in WAYS}
    busy: Seconds = {way: [] for way in WAYS}
    for number in range(rounds + 1):
        for way, filters in WAYS.items():
            start = time.perf_counter(), time.process_time()
            indexes = [index] * INDEXES.get(way, 1)
            counts = mine(queries, indexes, Recipe(filters=filters), encoder=encoder).counts()
            if counts["candidates"] != len(queries) * Recipe().depth or counts["short_rows"]:
                raise SystemExit(f"{way} searched deeper; the times cannot be compared")
            if number:
                wall[way].append(round(time.perf_counter() - start[0], 3))
                busy[way].append(round(time.process_time() - start[1], 3))
    return wall, busy


def ratio(seconds: Seconds, way: str, other: str) -> float:
    return round(statistics.median(seconds[way]) / statistics.median(seconds[other]), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    encoder = Made(given.passages)
    with tempfile.TemporaryDirectory() as folder:
        index = build_index(passages(given.passages), Path(folder) / "made", encoder)
        index.caching = False
        asked = [Query(f"{i} a made query", (), (f"p{i}",)) for i in range(given.queries)]
        wall, busy = measure(index, asked, encoder, given.rounds)
    record = {
        "passages": given.passages,
        "queries": given.queries,
        "depth": Recipe().depth,
        "dim": DIM,
        "cores": os.cpu_count(),
        "seconds": wall,
        "cpu_seconds": busy,
        "risk_over_margin": ratio(wall, "risk", "margin"),
        "risk_over_margin_cpu": ratio(busy, "risk", "margin"),
        "two_over_one": ratio(wall, "risk of two", "risk"),
        "two_over_one_cpu": ratio(busy, "risk of two", "risk"),
    }
    write_json(RESULTS, record)
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
