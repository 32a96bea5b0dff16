"""Judged sets, DATA/SET/{corpus,queries}.jsonl and qrels.tsv, with vectors that are computed once."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from miner.data import Float32, Int64
from miner.encoders.load import load_encoder
from miner.splitting.near import groups
from miner.storage.files import read_jsonl

TITLED = ("scifact", "cranfield")
"""Sets whose titles belong to the text; in stackfaq the title is the question and would give it away."""


@dataclass(frozen=True)
class Judged:
    """Q queries and N distinct passages with unit vectors; `relevant` holds passage rows for each query."""

    name: str
    queries: list[str]
    passages: list[str]
    relevant: list[list[int]]
    components: Int64
    """[Q] queries that share a relevant passage have the same number."""
    query_vectors: Float32
    passage_vectors: Float32


def read_judged(data: Path, name: str, cache: Path, max_length: int) -> Judged:
    """Read a set; queries without a judged passage are left out, equal passages are one."""
    row_of: dict[str, int] = {}
    rows: dict[str, int] = {}
    for _, record in read_jsonl(data / name / "corpus.jsonl"):
        title = record.get("title", "") if name in TITLED else ""
        text = f"{title}\n{record['text']}" if title else record["text"]
        rows[record["_id"]] = row_of.setdefault(text, len(row_of))
    relevant: dict[str, dict[int, None]] = {}
    with (data / name / "qrels.tsv").open(newline="") as stream:
        for line in csv.DictReader(stream, delimiter="\t"):
            if float(line["score"]) > 0:
                relevant.setdefault(line["query-id"], {})[rows[line["corpus-id"]]] = None
    queries = {
        record["_id"]: record["text"]
        for _, record in read_jsonl(data / name / "queries.jsonl")
        if record["_id"] in relevant
    }
    judged = [list(relevant[id]) for id in queries]
    pairs = [(i, len(judged) + row) for i, rows in enumerate(judged) for row in rows]
    components = groups(np.array(pairs, np.int64), len(judged) + len(row_of))[: len(judged)]
    vectors = [
        _vectors(cache / f"{name}-{max_length}-{kind}.npy", texts, max_length)
        for kind, texts in (("queries", list(queries.values())), ("passages", list(row_of)))
    ]
    return Judged(name, list(queries.values()), list(row_of), judged, components, vectors[0], vectors[1])


def _vectors(path: Path, texts: list[str], max_length: int) -> Float32:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, load_encoder(max_length=max_length).encode_passages(texts))
    vectors: Float32 = np.load(path)
    if len(vectors) != len(texts):
        raise SystemExit(f"{path}: is of another version of the set; remove it")
    return vectors


@dataclass(frozen=True)
class Stored:
    """An encoder that knows the vectors of a set by text, so that mining costs no second encoding."""

    vectors: Mapping[str, Float32]
    max_length: int

    @classmethod
    def of(cls, judged: Judged, max_length: int) -> Stored:
        texts = (*judged.passages, *judged.queries)
        vectors = np.concatenate([judged.passage_vectors, judged.query_vectors])
        return cls(dict(zip(texts, vectors, strict=True)), max_length)

    @property
    def dim(self) -> int:
        return len(next(iter(self.vectors.values())))

    @property
    def fingerprint(self) -> dict[str, Any]:
        return {"backend": "stored", "model": "all-MiniLM-L6-v2", "max_length": self.max_length}

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        return (
            np.stack([self.vectors[text] for text in texts]) if texts else np.empty((0, self.dim), np.float32)
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]
