"""Several relevant passages as one: each weighs by how far it stands out of the corpus towards the query.

A passage that was marked relevant by mistake does not stand out: it weighs nothing and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from miner.data import Float32, Float64, Pool

SHARPNESS = 0.5
"""Per standard deviation: a passage that stands out by two more weighs e times as much."""
DROPPED = 0.5
"""What stands out less than this share of the best one weighs nothing."""
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Mixture:
    """The relevant passages of each of B queries, mixed by weight."""

    direction: Float64
    """[B, d] unit vector from the corpus's mean towards them."""
    to_candidates: Float64
    """[B, K] cosine of each candidate to the mixture."""
    to_query: Float64
    """[B]"""
    shared: Float64
    """[B, K] mean of what each candidate has in common with them beyond the query."""


def mix(pool: Pool, here: slice, mean: Float64, spread: Float32) -> Mixture:
    """The mixtures of the queries `here` of a pool; mean float64 [d] is the corpus's, spread
    float32 [B, 2] mean and standard deviation of each query's cosines to it."""
    places = range(*here.indices(len(pool.rows)))
    direction, to_query = np.empty((len(places), len(mean))), np.empty(len(places))
    to_candidates, shared = np.empty((2, len(places), pool.rows.shape[1]))
    for i, query in enumerate(places):
        mine = slice(int(pool.offsets[query]), int(pool.offsets[query + 1]))
        vectors = pool.relevant[mine].astype(np.float64)
        weights = weigh(pool.relevant_scores[mine], *spread[i].tolist())
        away = vectors - mean
        towards = weights @ (away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), _TINY))
        direction[i] = towards / max(float(np.linalg.norm(towards)), _TINY)
        length = max(float(np.linalg.norm(weights @ vectors)), _TINY)
        to_query[i] = weights @ pool.relevant_scores[mine].astype(np.float64) / length
        shared[i] = weights @ pool.shared[mine].astype(np.float64)
        to_candidates[i] = weights @ np.maximum(pool.to_relevant[mine].astype(np.float64), -1) / length
    return Mixture(direction, to_candidates, to_query, shared)


def weigh(scores: Float32, centre: float, deviation: float) -> Float64:
    """[p] weights, sum 1, from the cosines of a query to its relevant passages and the mean and standard
    deviation of its cosines to the whole corpus: a softmax of half the z-scores."""
    z = (scores.astype(np.float64) - centre) / max(deviation, _TINY)
    best = z.max()
    kept = z >= best - (1 - DROPPED) * abs(best)
    weights = np.where(kept, np.exp(SHARPNESS * (z - best)), 0)
    return np.asarray(weights / weights.sum())
