"""The first risk model, kept as the bar: a logistic regression on three cosines and their z-scores."""

from __future__ import annotations

import numpy as np

from miner.data import Float64, Pool

NAMES = (
    "to_query",
    "relevant_to_query",
    "to_relevant",
    "to_query_z",
    "relevant_to_query_z",
    "to_relevant_z",
)


def features(pool: Pool) -> Float64:
    """float64 [Q, K, 6] for pools with one relevant passage a query."""
    query, relevant = (pool.spread(of).astype(np.float64) for of in (pool.queries, pool.relevant))
    scores, shared = pool.scores.astype(np.float64), pool.to_relevant.astype(np.float64)
    known = np.broadcast_to(pool.relevant_scores.astype(np.float64)[:, None], scores.shape)

    def z(values: Float64, spread: Float64) -> Float64:
        return np.asarray((values - spread[:, :1]) / spread[:, 1:])

    parts = [scores, known, shared, z(scores, query), z(known, query), z(shared, relevant)]
    return np.stack(parts, axis=-1)
