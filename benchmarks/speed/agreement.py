"""How far encoders of fewer bits agree with the same model in fp32, on passages of judged sets.

    python -m benchmarks.speed.agreement DATA_DIR SET... [--passages 500]

Each of N passages, drawn by seed, is in turn the query for the others: overlap of the 20 nearest with those
in fp32, plain and with near ties forgiven, and mean cosine. Writes benchmarks/results/agreement.json.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from miner.data import join_title
from miner.encoders.agreement import agreement
from miner.encoders.load import load_encoder
from miner.storage.files import read_jsonl, write_json

RESULTS = Path(__file__).parents[1] / "results" / "agreement.json"
WAYS = {
    "torch bf16": ("torch", "bf16"),
    "openvino bf16": ("openvino", "bf16"),
    "openvino int8": ("openvino", "int8"),
}
SEED = 0


def sample(folder: Path, count: int) -> list[str]:
    """Distinct texts as they are encoded, title and text."""
    records = (record for _, record in read_jsonl(folder / "corpus.jsonl"))
    texts = list(dict.fromkeys(join_title(each.get("title", ""), each["text"]) for each in records))
    drawn = np.random.default_rng(SEED).choice(len(texts), min(count, len(texts)), replace=False)
    return [texts[i] for i in drawn.tolist()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--passages", type=int, default=500)
    given = parser.parse_args()
    results: dict[str, Any] = {}
    for name in given.sets:
        texts = sample(given.data / name, given.passages)
        fine = load_encoder(backend="torch", dtype="fp32").encode_passages(texts)
        results[name] = {
            way: agreement(load_encoder(backend=backend, dtype=dtype).encode_passages(texts), fine)
            for way, (backend, dtype) in WAYS.items()
        }
        print(name, results[name], flush=True)
        write_json(RESULTS, results)


if __name__ == "__main__":
    main()
