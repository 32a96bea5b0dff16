"""Approximate search against exact search: recall and time over one set, by method and size of the shards.

    OMP_WAIT_POLICY=passive python -m benchmarks.speed.approximate DATA SET [--index INDEX] [--queries 500] [-k 100]

Encodes DATA/SET with the bundled encoder, or --model, unless an index of it is given; the shards of other sizes
hold the same vectors. Queries, spread evenly, are searched by every method, --rounds times; recall is over all of
them. Building is on one thread a structure, searching on all. Threads that wait must not count as work, for
processor time is what to compare on a busy machine. Writes benchmarks/results/approximate.json.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import faiss
import numpy as np

from miner import build_index, load_encoder, open_index, read_queries
from miner.data import Float32, Half, Passage
from miner.index import Index
from miner.index import build_index as build
from miner.progress import Clock
from miner.search.search import Search
from miner.storage.files import write_json
from miner.vectors.recall import recall

RESULTS = Path(__file__).parents[1] / "results" / "approximate.json"
READ = 4096
T = TypeVar("T")
WHOLE = ("ivf",)
METHODS = (
    "exact",
    "ivfpq(nprobe=16)",
    "ivfpq(nprobe=64)",
    "ivfpq(nprobe=256)",
    "ivfpq(nprobe=256, fetch=16)",
)


@dataclass(frozen=True)
class Replayed:
    """An encoder that knows the vectors of an index's passages."""

    index: Index

    @property
    def dim(self) -> int:
        return self.index.dim

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        return {"backend": "replayed", "of": self.index.manifest.sha256}

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        return self.index.vectors(self.index.rows_of_texts(texts)).astype("float32")

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        raise NotImplementedError

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def passages(index: Index) -> Iterator[Passage]:
    for start in range(0, len(index), READ):
        yield from index.passages(range(start, min(start + READ, len(index))))


def timed(search: Callable[[], T]) -> tuple[dict[str, float], T]:
    wall, processor = time.perf_counter(), time.process_time()
    found = search()
    taken = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
    return {name: round(value, 3) for name, value in taken.items()}, found


def measured(index: Index, methods: Sequence[str], queries: Half, k: int, rounds: int) -> dict[str, Any]:
    """By method: seconds of building and of searching, recall, bytes beside the index."""
    truth = index.search(queries, k).rows
    result = {}
    for method in methods:
        before = beside(index)
        built, searcher = timed(partial(Search(method).over, index, Clock()))
        searcher.search(queries[:1], k)
        taken = [timed(partial(searcher.search, queries, k)) for _ in range(rounds)]
        result[method] = {
            "build_seconds": built,
            "bytes": beside(index) - before,
            "search_seconds": [each for each, _ in taken],
            "recall": recall(truth, taken[-1][1].rows),
        }
        print(len(index.manifest.shards), "shards", method, result[method], file=sys.stderr, flush=True)
    return result


def beside(index: Index) -> int:
    return sum(path.stat().st_size for path in (index.path / "ann").glob("*"))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("set")
    parser.add_argument("--model")
    parser.add_argument("--index", type=Path)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--shard-sizes", type=int, nargs="+", default=[16384, 131072])
    parser.add_argument("-k", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    data = given.data / given.set
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = (
            open_index(given.index)
            if given.index
            else build_index(data, folder / "first", encoder=load_encoder(given.model))
        )
        texts = [query.text for query in read_queries(data)]
        spread = np.linspace(0, len(texts) - 1, min(given.queries, len(texts)), dtype=np.int64)
        queries = first.embed_queries([texts[i] for i in spread], first.encoder())
        sizes = {}
        for size in given.shard_sizes:
            index = build(passages(first), folder / str(size), Replayed(first), shard_size=size)
            sizes[str(size)] = measured(index, METHODS, queries, given.k, given.rounds)
        whole = measured(index, WHOLE, queries, given.k, given.rounds)
    write_json(
        given.output,
        {
            "set": given.set,
            "encoder": first.fingerprint["model"],
            "passages": len(first),
            "dim": first.dim,
            "queries": len(queries),
            "k": given.k,
            "threads": faiss.omp_get_max_threads(),
            "whole": whole,
            "shard_sizes": sizes,
        },
    )


if __name__ == "__main__":
    main()
