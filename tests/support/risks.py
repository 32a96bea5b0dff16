"""What the tests of risk share: pools over an index of the small corpus, and a slow second opinion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from miner.data import Float64, Pool, Query
from miner.encoders import HashingEncoder
from miner.index import Index
from miner.mining.miner import Miner
from miner.mining.prepare import prepare
from miner.mining.recipe import Recipe


def pool_of(queries: Sequence[Query], index: Index, encoder: HashingEncoder, depth: int = 60) -> Pool:
    """The pool of these queries with their risks."""
    recipe = Recipe(depth=depth)
    block = prepare(queries, [index], recipe, encoder).block
    miner = Miner([index], recipe)
    return miner.pool(block, miner.finder.find(block.seen, min(depth, len(index))))


def plainly(pool: Pool, query: int, corpus: Float64) -> Float64:
    """[K, 8] features of one query with one relevant passage: the formulas of docs/risk.md, line by line,
    over all vectors of the corpus [n, d]."""
    mean, covariance = corpus.mean(axis=0), np.cov(corpus.T, bias=True)
    values, axes = np.linalg.eigh(covariance)
    whiten = axes @ np.diag((np.maximum(values, 0) + 0.3 * values.mean()) ** -0.5) @ axes.T

    def u(vector: Float64) -> Float64:
        return np.asarray((vector - mean) / np.linalg.norm(vector - mean))

    def z(direction: Float64, vector: Float64) -> float:
        scores = corpus @ direction
        return float((vector @ direction - scores.mean()) / scores.std())

    q = np.asarray(pool.queries[query], np.float64)
    p = np.asarray(pool.relevant[pool.offsets[query]], np.float64)
    candidates = pool.vectors(pool.rows[query]).astype(np.float64)
    ordinary = [k for k in range(min(len(candidates), 100)) if pool.match[query, k] == 0]
    towards = u(q) + u(p)
    order = sorted(ordinary, key=lambda k: -z(whiten @ towards, candidates[k]))
    answers = whiten @ (towards / 2 + np.mean([u(candidates[k]) for k in order[:3]], axis=0))
    middle = np.mean([candidates[k] for k in ordinary], axis=0) - mean
    x = np.array([c @ q for c in candidates])
    y = np.array([c @ p for c in candidates])
    mx, my = x[ordinary].mean(), y[ordinary].mean()
    b = np.mean((x - mx)[ordinary] * (y - my)[ordinary]) / (np.mean((x - mx)[ordinary] ** 2) + 1e-5)
    rest = (y - my) - b * (x - mx)
    rest = rest / np.sqrt(np.mean(rest[ordinary] ** 2) + 1e-6)
    words = [
        (each - each[ordinary].mean()) / np.sqrt(each[ordinary].var() + 1e-6)
        for each in (
            pool.covered[query].astype(np.float64),
            pool.shared[pool.offsets[query]].astype(np.float64),
        )
    ]
    lines = []
    for k, c in enumerate(candidates):
        f = z(answers, c)
        left = max((1 - x[k] ** 2) * (1 - (q @ p) ** 2), 1e-3)
        before = sum(o < k for o in ordinary)
        shared = (y[k] - x[k] * (q @ p)) / np.sqrt(left)
        rank, common = np.log(1 + before), [each[k] for each in words]
        lines.append([f, min(max(f, 0), 11) ** 2, shared, z(middle, c), rank, rest[k], *common])
    return np.array(lines)
