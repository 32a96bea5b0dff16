"""What a user of sentence-transformers writes to mine hard negatives from a BEIR folder. Nothing of miner is in it.

usage: st_script.py FOLDER OUT MODEL [--bf16] [--cache FOLDER]
"""

import argparse
import json
from pathlib import Path

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import mine_hard_negatives

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("out")
parser.add_argument("model")
parser.add_argument("--bf16", action="store_true")
parser.add_argument("--cache")
given = parser.parse_args()


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (given.folder / name).read_text().splitlines()]


corpus = {row["_id"]: f"{row.get('title', '')}\n{row['text']}".strip() for row in rows("corpus.jsonl")}
queries = {row["_id"]: row["text"] for row in rows("queries.jsonl")}
judged = [line.split("\t") for line in (given.folder / "qrels.tsv").read_text().splitlines()[1:]]
options = {"model_kwargs": {"dtype": "bfloat16"}} if given.bf16 else {}
model = SentenceTransformer(given.model, device="cpu", **options)
mined = mine_hard_negatives(
    Dataset.from_dict(
        {"query": [queries[each[0]] for each in judged], "passage": [corpus[each[1]] for each in judged]}
    ),
    model,
    corpus=list(corpus.values()),
    range_max=100,
    relative_margin=0.05,
    num_negatives=5,
    cache_folder=given.cache,
    output_format="n-tuple",
)
mined.to_json(given.out)
