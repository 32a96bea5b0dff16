"""sentence-transformers' mine_hard_negatives on a BEIR folder, as its users call it. One run, one process;
prints the seconds from the loaded model to the written file.

usage: st_mine.py FOLDER OUT [--faiss] [--batch N] [--cache FOLDER] [--hashing]

--hashing takes the vectors from miner's hashing encoder: for memory and time beside the encoder's.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import mine_hard_negatives

from miner.data import join_title
from miner.encoders import HashingEncoder
from miner.models.locate import locate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--faiss", action="store_true")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--cache", type=str)
    parser.add_argument("--hashing", action="store_true")
    given = parser.parse_args()
    corpus = {
        row["_id"]: join_title(row.get("title", ""), row["text"])
        for row in lines(given.folder / "corpus.jsonl")
    }
    queries = {row["_id"]: row["text"] for row in lines(given.folder / "queries.jsonl")}
    judged = [line.split("\t") for line in (given.folder / "qrels.tsv").read_text().splitlines()[1:]]
    pairs = [(queries[query], corpus[passage]) for query, passage, score in judged if float(score) > 0]
    model = SentenceTransformer(str(locate().folder), device="cpu")
    if given.hashing:
        hashing = HashingEncoder()
        model.get_embedding_dimension = lambda: hashing.dim
        model.encode_query = model.encode_document = lambda texts, **_: hashing.encode_passages(list(texts))
    rows = Dataset.from_dict({"query": [q for q, _ in pairs], "passage": [p for _, p in pairs]})
    start = time.perf_counter()
    mined = mine_hard_negatives(
        rows,
        model,
        corpus=list(corpus.values()),
        range_max=100,
        relative_margin=0.05,
        num_negatives=5,
        batch_size=given.batch,
        use_faiss=given.faiss,
        cache_folder=given.cache,
        output_format="n-tuple",
        verbose=False,
    )
    mined.to_json(str(given.out))
    print(json.dumps({"work": time.perf_counter() - start}))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


if __name__ == "__main__":
    main()
