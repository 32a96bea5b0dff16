"""The candidates of a trial as other encoders see them: same rows, other cosines."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.lib.hidden import Judged, Trial, corpus_statistics, read_judged
from benchmarks.lib.other_encoders import stored_encoder
from miner.data import Float32, Half
from miner.risk import Geometry
from miner.vectors import moments


def read_views(data: Path, name: str, encoders: list[str], cache: Path) -> list[Judged]:
    """A set with the vectors of each encoder, from cache/ENCODER."""
    return [
        read_judged(data, name, cache / each.strip("/").replace("/", "_"), partial(stored_encoder, each))
        for each in encoders
    ]


def seen_with(trial: Trial, judged: Judged) -> Trial:
    """The same trial with the vectors of `judged`, the same set."""
    pool, statistics = trial.pool, corpus_statistics(judged)
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
