"""Judged sets with all relevant passages of a query but one hidden: what a miner may see, what it may not pick."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from miner.data import Bool, Float32, Float64, Half, Int64, Pool, join_title
from miner.encoders.base import Encoder
from miner.risk import Geometry
from miner.storage.files import read_jsonl
from miner.text.fold import fold
from miner.text.match import Match
from miner.text.overlap import overlap
from miner.vectors import moments as stats

DEPTH = 100
"""Candidates a query."""
LIMIT = 1300
"""Queries of a set, drawn by seed where there are more."""
TEXT_ONLY = ("wordnet",)
"""Sets whose queries are their passages' titles."""


@dataclass(frozen=True)
class Judged:
    """Distinct passages with their unit vectors; `relevant` and `irrelevant` hold, for each query, the rows
    of the passages that were judged so."""

    name: str
    queries: list[str]
    passages: list[str]
    query_vectors: Half
    vectors: Half
    relevant: list[list[int]]
    irrelevant: list[list[int]]


@dataclass(frozen=True)
class Trial:
    """A set with one relevant passage revealed for each of Q queries that have more."""

    judged: Judged
    seed: int
    queries: Int64
    """[Q] their numbers in the set."""
    revealed: Int64
    """[Q] rows."""
    pool: Pool
    geometry: Geometry
    hidden: Bool
    """[Q, K] candidates that are relevant and not revealed."""
    irrelevant: Bool
    """[Q, K] candidates that were judged irrelevant."""

    @property
    def open(self) -> Bool:
        """[Q, K] candidates that are not the revealed passage."""
        return np.asarray(self.pool.valid & (self.pool.match == Match.NONE), np.bool_)


class TextEncoder(Protocol):
    """The part of an encoder that a benchmark needs."""

    def encode_passages(self, texts: Sequence[str]) -> Float32: ...
    def encode_queries(self, texts: Sequence[str]) -> Float32: ...


@cache
def default_encoder() -> Encoder:
    from miner.encoders.load import load_encoder

    return load_encoder()


def read_judged(
    data: Path, name: str, vectors: Path, encoder: Callable[[], TextEncoder] = default_encoder
) -> Judged:
    """DATA/NAME/{corpus,queries}.jsonl, qrels.tsv and, if it is there, judged_negatives.tsv. Equal passages
    are one. What `vectors` does not hold is encoded and put there."""
    corpus = [record for _, record in read_jsonl(data / name / "corpus.jsonl")]
    titled = name not in TEXT_ONLY and any(record.get("title") for record in corpus)
    texts = [join_title(record.get("title", "") if titled else "", record["text"]) for record in corpus]
    queries = [record for _, record in read_jsonl(data / name / "queries.jsonl")]
    asked = [record["text"] for record in queries]
    variant = f"{name}+title" if titled else name
    encoded = stored(vectors / f"{variant}.corpus.npy", texts, lambda: encoder().encode_passages(texts))
    query_vectors = stored(vectors / f"{name}.queries.npy", asked, lambda: encoder().encode_queries(asked))
    row_of: dict[str, int] = {}
    rows = {
        record["_id"]: row_of.setdefault(text, len(row_of))
        for record, text in zip(corpus, texts, strict=True)
    }
    first = {text: place for place, text in reversed(list(enumerate(texts)))}
    places = {record["_id"]: place for place, record in enumerate(queries)}
    return Judged(
        name,
        asked,
        list(row_of),
        query_vectors,
        encoded[[first[text] for text in row_of]],
        _judgments(data / name / "qrels.tsv", places, rows, positive=True),
        _judgments(data / name / "judged_negatives.tsv", places, rows, positive=False),
    )


def stored(path: Path, texts: Sequence[str], encode: Callable[[], np.ndarray]) -> Half:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, encode().astype(np.float16))
    vectors: Half = np.load(path)
    if len(vectors) != len(texts):
        raise SystemExit(f"{path}: holds {len(vectors)} vectors; expected {len(texts)}; remove it")
    return vectors


def _judgments(path: Path, queries: dict[str, int], rows: dict[str, int], positive: bool) -> list[list[int]]:
    judged: list[dict[int, None]] = [{} for _ in queries]
    if path.exists():
        with path.open(newline="") as stream:
            for line in csv.DictReader(stream, delimiter="\t"):
                known = line["query-id"] in queries and line["corpus-id"] in rows
                if known and (float(line["score"]) > 0) == positive:
                    judged[queries[line["query-id"]]][rows[line["corpus-id"]]] = None
    return [list(each) for each in judged]


def hide(judged: Judged, seed: int, limit: int = LIMIT) -> Trial:
    """Reveals one relevant passage of each query that has more, at random, and searches the rest."""
    rng = np.random.default_rng(seed)
    several = np.flatnonzero([len(rows) > 1 for rows in judged.relevant])
    if len(several) > limit:
        several = np.sort(rng.choice(several, limit, replace=False))
    revealed = np.array([rng.choice(judged.relevant[i]) for i in several], np.int64)
    rows = nearest(judged.query_vectors[several], judged.vectors, DEPTH)
    keys = [fold(text) for text in judged.passages]
    same = np.array(
        [[keys[row] == keys[shown] for row in line] for line, shown in zip(rows, revealed, strict=True)]
    )
    statistics = corpus_statistics(judged)
    return Trial(
        judged,
        seed,
        several,
        revealed,
        _pool(judged, several, revealed, rows, same, statistics),
        Geometry.of(statistics[0], statistics[1:]),
        _named(rows, [judged.relevant[i] for i in several]) & ~same,
        _named(rows, [judged.irrelevant[i] for i in several]) & ~same,
    )


def corpus_statistics(judged: Judged) -> Float64:
    """[d + 1, d] mean and covariance of the passages' vectors."""
    sums = stats.Sums.zero(judged.vectors.shape[1])
    sums.add(judged.vectors)
    return sums.statistics()


def _named(rows: Int64, named: Sequence[Sequence[int]]) -> Bool:
    return np.array([np.isin(line, list(wanted)) for line, wanted in zip(rows, named, strict=True)])


def nearest(queries: Half, vectors: Half, count: int) -> Int64:
    """[Q, count] rows of the vectors of highest cosine, best first, ties by row."""
    corpus, count = vectors.astype(np.float32).T, min(count, len(vectors))
    found = []
    for start in range(0, len(queries), 128):
        scores = queries[start : start + 128].astype(np.float32) @ corpus
        best = np.sort(np.argpartition(-scores, count - 1, axis=1)[:, :count], axis=1)
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        found.append(np.take_along_axis(best, order, axis=1))
    return np.concatenate(found)


def _pool(
    judged: Judged, queries: Int64, revealed: Int64, rows: Int64, same: Bool, statistics: Float64
) -> Pool:
    asked, shown = judged.query_vectors[queries], judged.vectors[revealed]
    common = [
        overlap(judged.queries[query], [judged.passages[row] for row in line], [judged.passages[known]])
        for query, known, line in zip(queries, revealed, rows, strict=True)
    ]

    def cosines(vectors: Half) -> np.ndarray:
        wide = vectors.astype(np.float64)
        blocks = [
            judged.vectors[line].astype(np.float64) @ each for line, each in zip(rows, wide, strict=True)
        ]
        return np.array(blocks, np.float32)

    return Pool(
        rows=rows,
        scores=cosines(asked),
        match=np.where(same, Match.SAME_TEXT, Match.NONE).astype(np.uint8),
        offsets=np.arange(len(rows) + 1),
        relevant_rows=revealed,
        relevant_scores=np.sum(asked.astype(np.float64) * shown.astype(np.float64), 1).astype(np.float32),
        to_relevant=cosines(shown),
        covered=np.stack([each.covered for each in common]),
        shared=np.concatenate([each.shared for each in common]),
        queries=asked,
        relevant=shown,
        sibling=np.zeros(rows.shape, np.uint8),
        documents=rows.astype(np.uint64),
        keys=queries.astype(np.uint64),
        vectors=lambda wanted: judged.vectors[wanted],
        spread=lambda vectors: stats.spread(statistics, vectors),
    )
