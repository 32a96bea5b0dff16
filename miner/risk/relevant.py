"""Several relevant passages as one: each weighs as much as the query and the others vouch for it.

A passage that was marked relevant by mistake is vouched for by neither and weighs nothing, so it
changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from miner.data import Float64, Half, Pool

DROPPED = 0.5
"""What is vouched for less than by this share of the best has no weight."""
ROWS = 512
"""Relevant passages of one query that are compared with all the others at once."""
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


def mix(pool: Pool, here: slice, mean: Float64) -> Mixture:
    """The mixtures of the queries `here` of a pool; mean float64 [d] is the corpus's."""
    places = range(*here.indices(len(pool.rows)))
    direction, to_query = np.empty((len(places), len(mean))), np.empty(len(places))
    to_candidates = np.empty((len(places), pool.rows.shape[1]))
    for i, query in enumerate(places):
        mine = slice(int(pool.offsets[query]), int(pool.offsets[query + 1]))
        vectors = pool.relevant[mine].astype(np.float64)
        weights = weigh(pool, query, mine)
        away = vectors - mean
        towards = weights @ (away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), _TINY))
        direction[i] = towards / max(float(np.linalg.norm(towards)), _TINY)
        length = max(float(np.linalg.norm(weights @ vectors)), _TINY)
        to_query[i] = weights @ pool.relevant_scores[mine].astype(np.float64) / length
        to_candidates[i] = weights @ np.maximum(pool.to_relevant[mine].astype(np.float64), -1) / length
    return Mixture(direction, to_candidates, to_query)


def weigh(pool: Pool, query: int, mine: slice) -> Float64:
    """[p] weights, sum 1: a softmax of how many standard deviations of the corpus a relevant passage
    stands out towards the query, plus the same towards whichever other relevant passage is nearest.
    """
    if mine.stop - mine.start == 1:
        return np.ones(1)
    centre, deviation = pool.spread[query].astype(np.float64)
    vouched = (pool.relevant_scores[mine].astype(np.float64) - centre) / max(float(deviation), _TINY)
    spread = pool.relevant_spread[mine].astype(np.float64)
    vouched = vouched + _agreement(pool.relevant[mine], spread[:, 0], np.maximum(spread[:, 1], _TINY))
    best = float(vouched.max())
    kept = vouched >= best - (1 - DROPPED) * abs(best)
    weights = np.where(kept, np.exp(vouched - best), 0)
    return np.asarray(weights / weights.sum())


def _agreement(vectors: Half, centre: Float64, deviation: Float64) -> Float64:
    """[p] the highest z-score of each passage's cosine to another one."""
    exact = vectors.astype(np.float64)
    nearest = np.empty(len(exact))
    for start in range(0, len(exact), ROWS):
        z = (exact[start : start + ROWS] @ exact.T - centre) / deviation
        z[np.arange(len(z)), np.arange(start, start + len(z))] = -np.inf
        nearest[start : start + ROWS] = z.max(axis=1)
    return nearest
