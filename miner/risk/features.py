"""What is known about a candidate before it is judged: eight numbers, none of which needs a label.

All directions are unit vectors rounded to multiples of 2^-26. Products of those with each other and with
fp16 vectors are then sums of whole multiples of 2^-52 that stay below 1, so float64 holds them exactly,
and no block of queries, thread count or order of summing shows in them. The formulas stand in docs/risk.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from miner.data import Bool, Float32, Float64, Pool
from miner.risk.relevant import Mixture, mix
from miner.vectors.threads import single_threaded_blas

NAMES = ("feedback", "feedback_squared", "partial", "density", "log_rank", "residual", "covered", "shared")

HEAD = 100
"""The first so many candidates make the statistics of a pool, less those that match something: searching
deeper than that changes nothing about the candidates that were there before."""
NEAREST = 3
"""Candidates whose mean says where answers lie (Rocchio 1971)."""
SHRINK = 0.3
"""Share of the mean variance that is added to every variance before whitening."""
SATURATED = 11.0
"""Deviations beyond which more feedback counts no more to its square."""
CELLS = 1024
"""Candidate vectors held in float64 at once."""
_BITS, _SHARES = 2.0**26, 2.0**20
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Geometry:
    """How the vectors of a corpus lie: float64 mean [d]; covariance and whitening [d, d], each scaled so
    that its longest row has length 1; `scale` brings the covariance back.
    """

    mean: Float64
    covariance: Float64
    scale: float
    whitening: Float64

    @classmethod
    def of(cls, mean: Float64, covariance: Float64) -> Geometry:
        """From the corpus's mean [d] and covariance [d, d] (Index.geometry).

        Whitens by half: C^-1/2, so that both sides together are divided by the covariance once
        (Mahalanobis), with the spectrum shrunk towards its mean.
        """
        with single_threaded_blas():
            values, axes = np.linalg.eigh(covariance)
            floor = max(SHRINK * float(values.mean()), _TINY**2)
            whitening = (axes * (np.maximum(values, 0) + floor) ** -0.5) @ axes.T
        scale = _longest(covariance)
        return cls(
            rounded(mean), rounded(covariance / scale), scale, rounded(whitening / _longest(whitening))
        )

    def centred(self, vectors: Float64) -> Float64:
        """Unit vectors from the corpus's mean to these [..., d]."""
        return unit(vectors - self.mean)

    def whitened(self, directions: Float64) -> Float64:
        """[N, d] unit directions with the corpus's main axes played down."""
        return rounded(unit(rounded(unit(directions)) @ self.whitening))

    def deviations(self, vectors: Float64, directions: Float64) -> Float64:
        """[B, K, V]: by how many standard deviations of the corpus's cosines to rounded unit directions
        [B, V, d] the vectors [B, K, d] stand out of the corpus."""
        along = np.matmul(vectors, np.swapaxes(directions, 1, 2))
        variance = self.scale * np.sum(directions * (directions @ self.covariance), axis=-1)
        deviation = np.maximum(np.sqrt(np.maximum(variance, 0)), _TINY)
        return np.asarray((along - (directions @ self.mean)[:, None]) / deviation[:, None])


def features(pool: Pool, geometry: Geometry) -> Float64:
    """float64 [Q, K, 8] in the order of NAMES, 0 at padding. Finite everywhere.

    Candidates that match a relevant passage get features, but play no part in those of the others.
    """
    out = np.zeros((*pool.rows.shape, len(NAMES)))
    size = max(1, CELLS // max(1, pool.rows.shape[1]))
    with single_threaded_blas():
        spread = pool.spread(pool.queries)
        for start in range(0, len(out), size):
            here = slice(start, min(start + size, len(out)))
            out[here] = _features(pool, here, geometry, spread[here])
    return out


def _features(pool: Pool, here: slice, geometry: Geometry, spread: Float32) -> Float64:
    valid = pool.valid[here]
    ordinary = valid & (pool.match[here] == 0)
    place = np.cumsum(ordinary, axis=1) - ordinary
    head = ordinary & (np.arange(ordinary.shape[1]) < HEAD)
    mixture = mix(pool, here, geometry.mean, spread)
    feedback, density = _deviations(pool, here, head, mixture, geometry)
    scores = np.where(valid, pool.scores[here].astype(np.float64), 0)
    shared = np.where(valid, mixture.to_candidates, 0)
    out = np.stack(
        [
            feedback,
            np.clip(feedback, 0, SATURATED) ** 2,
            partial(shared, scores, mixture.to_query[:, None]),
            density,
            np.log1p(place),
            residual(shared, scores, head),
            standing(pool.covered[here].astype(np.float64), head),
            standing(mixture.shared, head),
        ],
        axis=-1,
    )
    return np.where(valid[..., None], out, 0)


def _deviations(
    pool: Pool, here: slice, head: Bool, mixture: Mixture, geometry: Geometry
) -> tuple[Float64, Float64]:
    """[B, K] each: how many standard deviations of the corpus a candidate stands out towards the answers
    that feedback finds, and towards the middle of the pool."""
    reach = min(HEAD, head.shape[1])
    near, inside = _vectors(pool, here, 0, reach), head[:, :reach]
    wanted = geometry.centred(pool.queries[here].astype(np.float64)) + mixture.direction
    answers = geometry.whitened(wanted / 2 + _feedback(near, inside, geometry.whitened(wanted), geometry))
    total = np.matmul(inside[:, None].astype(np.float64), near)[:, 0]
    middle = rounded(geometry.centred(total / np.maximum(inside.sum(axis=1), 1)[:, None]))
    directions = np.stack([answers, middle], axis=1)
    z = np.empty((*head.shape, 2))
    z[:, :reach] = geometry.deviations(near, directions)
    step = max(1, CELLS // len(head))
    for start in range(reach, head.shape[1], step):
        stop = min(start + step, head.shape[1])
        z[:, start:stop] = geometry.deviations(_vectors(pool, here, start, stop), directions)
    return z[..., 0], z[..., 1]


def _feedback(near: Float64, inside: Bool, directions: Float64, geometry: Geometry) -> Float64:
    """[B, d] mean direction of those candidates `inside` that stand out most in the directions [B, d]."""
    z = np.where(inside, geometry.deviations(near, directions[:, None])[..., 0], -np.inf)
    best = np.argsort(-np.round(z, 9), axis=1, kind="stable")[:, :NEAREST, None]
    chosen = np.take_along_axis(inside[..., None], best, axis=1)
    found = np.where(chosen, geometry.centred(np.take_along_axis(near, best, axis=1)), 0)
    return np.asarray(found.sum(axis=1) / np.maximum(chosen.sum(axis=1), 1))


def partial(shared: Float64, scores: Float64, to_query: Float64) -> Float64:
    """Correlation of candidate and relevant passage with the query held fixed (Yule 1907), the cosines
    standing for correlations: candidate to relevant, candidate to query, query to relevant."""
    left = np.maximum((1 - scores**2) * (1 - to_query**2), 1e-3)
    return np.asarray((shared - scores * to_query) / np.sqrt(left))


def residual(shared: Float64, scores: Float64, head: Bool) -> Float64:
    """How far a candidate lies above what its similarity to the query lets one expect of its similarity to
    the relevant passage: the residual of a regression within the pool, in its standard deviations."""
    count = np.maximum(head.sum(axis=1, keepdims=True), 1)

    def mean(values: Float64) -> Float64:
        return np.asarray(np.where(head, values, 0).sum(axis=1, keepdims=True) / count)

    x, y = scores - mean(scores), shared - mean(shared)
    left = y - mean(x * y) / (mean(x * x) + 1e-5) * x
    return np.asarray(left / np.sqrt(mean(left * left) + 1e-6))


def standing(values: Float64, head: Bool) -> Float64:
    """By how many standard deviations of the pool values [B, K] from 0 to 1 lie above its mean. They are taken
    as multiples of 2^-20, whose squares add up exactly in any order."""
    exact = np.rint(values * _SHARES) / _SHARES
    inside, count = np.where(head, exact, 0), np.maximum(head.sum(axis=1, keepdims=True), 1)
    mean, square = (each.sum(axis=1, keepdims=True) / count for each in (inside, inside**2))
    return np.asarray((exact - mean) / np.sqrt(np.maximum(square - mean**2, 0) + 1e-6))


def unit(vectors: Float64) -> Float64:
    """[..., d] vectors brought to length 1; what has none stays as it is."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), _TINY))


def rounded(values: Float64) -> Float64:
    """Multiples of 2^-26."""
    return np.asarray(np.rint(values * _BITS) / _BITS)


def _vectors(pool: Pool, here: slice, start: int, stop: int) -> Float64:
    return pool.vectors(np.maximum(pool.rows[here, start:stop], 0)).astype(np.float64)


def _longest(matrix: Float64) -> float:
    return max(float(np.linalg.norm(matrix, axis=1).max()), _TINY**2)
