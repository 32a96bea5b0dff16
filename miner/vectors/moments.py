"""Mean and variance of the similarities of a vector to a whole corpus, without looking at the corpus.

With the mean m and covariance C of the corpus, the similarities of q have mean q·m and variance q·Cq.
All sums are of whole numbers, so they are exact and do not depend on order, blocks or threads: vectors
are rounded to multiples of 2^-15, covariances to multiples of 2^-30.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from miner.data import Float32, Float64, Half
from miner.vectors.threads import single_threaded_blas

VECTOR_BITS, COVARIANCE_BITS = 15, 30
BLOCK = 4096
"""Rows whose products (below 2^31 each) are summed in float64, exactly (below 2^53)."""


@dataclass(slots=True)
class Sums:
    """Sums over vectors: how many, their sum [d] and that of their outer products [d, d], in units of
    2^-15 and 2^-30; exact up to 2^32 vectors. Sums over shards add up to sums over the corpus.
    """

    count: int
    vector: NDArray[np.int64]
    outer: NDArray[np.int64]

    @classmethod
    def zero(cls, dim: int) -> Sums:
        return cls(0, np.zeros(dim, np.int64), np.zeros((dim, dim), np.int64))

    def add(self, vectors: Half) -> None:
        for start in range(0, len(vectors), BLOCK):
            block = _whole(vectors[start : start + BLOCK], VECTOR_BITS)
            self.count += len(block)
            self.vector += block.sum(axis=0).astype(np.int64)
            self.outer += (block.T @ block).astype(np.int64)

    def statistics(self) -> Float64:
        """float64 [d + 1, d]: the mean, then the covariance."""
        mean = np.ldexp(self.vector / self.count, -VECTOR_BITS)
        outer = np.ldexp(self.outer / self.count, -2 * VECTOR_BITS)
        return np.concatenate([mean[None], outer - mean[:, None] * mean])


def spread(statistics: Float64, vectors: Half) -> Float32:
    """float32 [N, 2]: mean and standard deviation of each vector's similarities to the corpus."""
    ours = _whole(vectors, VECTOR_BITS)
    corpus = _whole(statistics, COVARIANCE_BITS)
    with single_threaded_blas():
        mean = ours @ corpus[0]
        carried = np.rint(np.ldexp(ours @ corpus[1:], -VECTOR_BITS))
    variance = np.maximum(np.sum(carried * ours, axis=1), 0)
    scale = VECTOR_BITS + COVARIANCE_BITS
    return np.stack([np.ldexp(mean, -scale), np.sqrt(np.ldexp(variance, -scale))], axis=1).astype(np.float32)


def _whole(values: Half | Float64, bits: int) -> Float64:
    wide = values.astype(np.float64)
    wide *= 2.0**bits
    return np.rint(wide, out=wide)
