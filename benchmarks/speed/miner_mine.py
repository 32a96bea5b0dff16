"""miner on a BEIR folder, from corpus to written rows. One run, one process; prints the seconds from the
loaded model to the written file, those of encoding the corpus, and those of mining again with another
filter.

usage: miner_mine.py FOLDER OUT [--backend torch|openvino] [--dtype fp32|bf16|int8]
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from miner.corpus import read_corpus
from miner.corpus.queries import read_queries
from miner.encoders.load import load_encoder
from miner.filters import Margin
from miner.index import build_index
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.progress import Clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--backend")
    parser.add_argument("--dtype")
    given = parser.parse_args()
    encoder = load_encoder(backend=given.backend, dtype=given.dtype)
    encoder.encode_queries(["load the model"])
    start, clock = time.perf_counter(), Clock()
    index = build_index(read_corpus(given.folder), Path("index"), encoder, clock=clock)
    queries = read_queries(given.folder)
    mine(queries, index, encoder=encoder, clock=clock).write(given.out)
    work = time.perf_counter() - start
    start = time.perf_counter()
    mine(queries, index, Recipe(filters=(Margin(relative=0.1),)), encoder=encoder).write(Path("again.jsonl"))
    warm = time.perf_counter() - start
    print(json.dumps({"work": work, "encode": clock.stages["encode"].seconds, "warm": warm}))


if __name__ == "__main__":
    main()
