"""Exact search against plain faiss: random unit vectors, IndexFlatIP.search and miner's in turn.

    python -m benchmarks.speed.search [--passages 100000] [--dim 384] [--queries 4096] [-k 100] [--rounds 5]

miner reads fp16 vectors in shards from disk and gives exact, order-free results; faiss has float32
vectors in memory. Writes benchmarks/results/search.json.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from miner.data import Half
from miner.index.manifest import Shard
from miner.index.shards import Shards
from miner.storage import sealed
from miner.storage.files import write_json
from miner.storage.place import Place
from miner.vectors.exact import search

RESULTS = Path(__file__).parents[1] / "results" / "search.json"
SHARD = 16384


def unit_rows(seed: int, count: int, dim: int) -> Half:
    rows = np.random.default_rng(seed).standard_normal((count, dim), np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    half: Half = rows.astype(np.float16)
    return half


def shards(folder: Path, vectors: Half) -> Shards:
    """The vectors as shards on disk, without passages."""
    nothing = sealed.seal(folder, "keys/00000", ".npy", b"")
    shards = []
    for number, start in enumerate(range(0, len(vectors), SHARD)):
        part = vectors[start : start + SHARD]
        file = sealed.seal(folder, f"vectors/{number:05d}", ".npy", sealed.array_bytes(part))
        shards.append(Shard(len(part), len(part), nothing, nothing, nothing, file))
    return Shards(Place(folder), shards, vectors.shape[1])


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    import faiss

    vectors = unit_rows(0, arguments.passages, arguments.dim)
    queries = unit_rows(1, arguments.queries, arguments.dim)
    store = shards(folder, vectors)
    flat = faiss.IndexFlatIP(arguments.dim)
    flat.add(vectors.astype(np.float32))
    wide = queries.astype(np.float32)
    seconds: dict[str, list[float]] = {"faiss": [], "miner": []}
    for _ in range(arguments.rounds):
        taken, (_, theirs) = timed(lambda: flat.search(wide, arguments.k))
        seconds["faiss"].append(taken)
        taken, ours = timed(lambda: search(store, queries, arguments.k, arguments.max_memory))
        seconds["miner"].append(taken)
    ratios = [theirs / ours for theirs, ours in zip(seconds["faiss"], seconds["miner"], strict=True)]
    same = np.mean([len(np.intersect1d(a, b)) / arguments.k for a, b in zip(theirs, ours.rows, strict=True)])
    return {
        "passages": arguments.passages,
        "dim": arguments.dim,
        "queries": arguments.queries,
        "k": arguments.k,
        "max_memory": arguments.max_memory,
        "threads": faiss.omp_get_max_threads(),
        "seconds": {name: [round(value, 4) for value in values] for name, values in seconds.items()},
        "speed_over_faiss": {"median": statistics.median(ratios), "all": ratios},
        "rows_in_common": float(same),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "versions": {"faiss": faiss.__version__, "numpy": np.__version__},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--queries", type=int, default=4096)
    parser.add_argument("-k", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--max-memory", type=int, default=2**30)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(arguments, Path(folder))
    write_json(arguments.output, result)
    print(f"{result['speed_over_faiss']['median']:.1%} of faiss's speed", file=sys.stderr)


if __name__ == "__main__":
    main()
