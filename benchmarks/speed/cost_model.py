"""What a run at scale costs, by arithmetic: nothing here is measured but the rates that are named as such.

    python -m benchmarks.speed.cost_model

For the bundled encoder (6 layers of width 384), 128 tokens a passage, 100,000 queries, 100 candidates a query and
64 workers of 16 cores. Writes benchmarks/results/cost_model.json.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from miner.index.build import SHARD_SIZE
from miner.mining.miner import SEARCH_QUERIES
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "cost_model.json"
SIZES = {"1M": 10**6, "100M": 10**8, "1B": 10**9}
LAYERS, WIDTH, TOKENS = 6, 384, 128
QUERIES, DEPTH, WORKERS, CORES = 10**5, 100, 64, 16
GPU, CORE = 1e14, 3e10
"""Assumed FLOP/s: a data-centre GPU in bf16 at a third of its peak; a core in fp32 matrix products."""
LARGE = 131072
"""Passages a shard where there are a billion: fewer than ten thousand files of a kind."""


def encode_flops(passages: int) -> float:
    """Two for each weight of a layer (12 width²) and token, and four width for each pair of tokens."""
    per_token = LAYERS * (2 * 12 * WIDTH**2 + 4 * WIDTH * TOKENS)
    return float(passages) * TOKENS * per_token


def costs(passages: int) -> dict[str, Any]:
    shard = SHARD_SIZE if passages <= 10**8 else LARGE
    blocks = -(-QUERIES // SEARCH_QUERIES)
    vectors = 2 * WIDTH * passages
    shards = -(-passages // shard)
    groups = min(WORKERS, shards)
    search = 2.0 * WIDTH * passages * QUERIES
    return {
        "passages": passages,
        "shard_size": shard,
        "shards": shards,
        "vector_bytes": vectors,
        "encode_flops": encode_flops(passages),
        "encode_gpu_hours": encode_flops(passages) / GPU / 3600,
        "search_flops": search,
        "search_hours": search / (CORE * CORES * WORKERS) / 3600,
        "read_bytes": blocks * vectors,
        "search_tasks": blocks * groups,
        "merge_bytes": 16 * QUERIES * DEPTH * groups,
        "statistics_hours": 2.0 * passages * WIDTH**2 / (CORE / 2 * CORES) / 3600,
    }


def main() -> None:
    write_json(RESULTS, {
        "queries": QUERIES, "depth": DEPTH, "workers": WORKERS, "cores": CORES, "gpu_flops": GPU, "core_flops": CORE,
        "sizes": {name: costs(passages) for name, passages in SIZES.items()},
    })  # fmt: skip


if __name__ == "__main__":
    main()
