"""The candidates of a trial as other encoders see them: same rows, other cosines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.lib.hidden import Judged, Trial, corpus_statistics, read_judged
from benchmarks.lib.other_encoders import stored_encoder
from miner.data import Float32, Float64, Half, Int64
from miner.risk import Geometry
from miner.vectors import moments

SAMPLE = 2000
"""Passages that tell how vectors lie, where not all are encoded."""
BATCH = 512


def read_views(data: Path, name: str, encoders: list[str], cache: Path) -> list[Judged]:
    """A set with the vectors of each encoder, from cache/ENCODER."""
    return [read_judged(data, name, _folder(cache, each), partial(stored_encoder, each)) for each in encoders]


def seen_by(trials: Sequence[Trial], name: str, cache: Path) -> list[Trial]:
    """Trials of one set as the encoder of a name sees them: only what their pools hold is encoded, and a sample that
    tells how vectors lie. cache/ENCODER keeps it, and goes on where it was left."""
    judged, encoder, folder = trials[0].judged, stored_encoder(name), _folder(cache, name)
    drawn = np.sort(np.random.default_rng(0).permutation(len(judged.passages))[:SAMPLE])
    rows = [drawn, *(each.pool.rows.ravel() for each in trials), *(each.revealed for each in trials)]
    asked = [each.queries for each in trials]
    seen = replace(
        judged,
        vectors=_partly(folder / f"{judged.name}.npz", judged.passages, rows, encoder.encode_passages),
        query_vectors=_partly(
            folder / f"{judged.name}.asked.npz", judged.queries, asked, encoder.encode_queries
        ),
    )
    statistics = corpus_statistics(replace(seen, vectors=seen.vectors[drawn]))
    return [seen_with(each, seen, statistics) for each in trials]


def _folder(cache: Path, encoder: str) -> Path:
    return cache / encoder.strip("/").replace("/", "_")


def _partly(
    path: Path, texts: Sequence[str], rows: Sequence[Int64], encode: Callable[[list[str]], Float32]
) -> Half:
    """[len(texts), d] vectors of the texts in these rows, zeros elsewhere; what `path` does not hold is put there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = np.unique(np.concatenate(rows))
    known: dict[str, np.ndarray] = dict(np.load(path)) if path.exists() else {}
    missing = np.setdiff1d(wanted, known.get("rows", wanted[:0]))
    for start in range(0, len(missing), BATCH):
        some = missing[start : start + BATCH]
        new = {"rows": some, "vectors": encode([texts[row] for row in some]).astype(np.float16)}
        known = {name: np.concatenate([known[name], each]) if known else each for name, each in new.items()}
        np.savez(path, rows=known["rows"], vectors=known["vectors"])
    vectors = np.zeros((len(texts), known["vectors"].shape[1]), np.float16)
    vectors[known["rows"]] = known["vectors"]
    return vectors


def seen_with(trial: Trial, judged: Judged, statistics: Float64 | None = None) -> Trial:
    """The same trial with the vectors of `judged`, the same set, which lie as `statistics` say, by default those of
    all its passages."""
    pool = trial.pool
    statistics = corpus_statistics(judged) if statistics is None else statistics
    queries, relevant = judged.query_vectors[trial.queries], judged.vectors[trial.revealed]

    def cosines(vectors: Half) -> Float32:
        wide = vectors.astype(np.float64)
        lines = [
            judged.vectors[line].astype(np.float64) @ each for line, each in zip(pool.rows, wide, strict=True)
        ]
        return np.array(lines, np.float32)

    seen = replace(
        pool,
        scores=cosines(queries),
        to_relevant=cosines(relevant),
        relevant_scores=np.sum(queries.astype(np.float64) * relevant.astype(np.float64), 1).astype(
            np.float32
        ),
        queries=queries,
        relevant=relevant,
        vectors=lambda wanted: judged.vectors[wanted],
        spread=lambda vectors: moments.spread(statistics, vectors),
    )
    geometry = Geometry.of(statistics[0], statistics[1:])
    return replace(trial, judged=judged, pool=seen, geometry=geometry)
