"""Pools made by hand or by chance, for tests of filters and selectors."""

from __future__ import annotations

import numpy as np

from miner.data import PADDING, Half, Int64, Pool


def make_pool(scores: object, relevant: list[list[float]], **changes: object) -> Pool:
    """A pool from [Q, K] similarities and the similarities of each query's relevant passages; passages are
    random unit vectors and rows count up."""
    scored = np.array(scores, np.float32)
    sizes = [len(each) for each in relevant]
    count, total = scored.shape, sum(sizes)
    rng = np.random.default_rng(7)
    half = _unit(rng, scored.size + 1)

    def lookup(rows: Int64) -> Half:
        return np.asarray(half[rows])

    fields: dict[str, object] = {
        "rows": np.arange(scored.size, dtype=np.int64).reshape(count),
        "scores": scored,
        "match": np.zeros(count, np.uint8),
        "offsets": np.cumsum([0, *sizes], dtype=np.int64),
        "relevant_rows": np.full(total, PADDING, np.int64),
        "relevant_scores": np.array([score for each in relevant for score in each], np.float32),
        "to_relevant": rng.uniform(0, 1, (total, count[1])).astype(np.float32),
        "covered": rng.uniform(0, 1, count).astype(np.float32),
        "shared": rng.uniform(0, 1, (total, count[1])).astype(np.float32),
        "queries": _unit(rng, count[0]),
        "relevant": _unit(rng, total),
        "sibling": np.zeros(count, np.uint8),
        "documents": np.arange(scored.size, dtype=np.uint64).reshape(count),
        "keys": np.arange(1, count[0] + 1, dtype=np.uint64) * np.uint64(7919),
        "vectors": lookup,
        "spread": lambda vectors: np.full((len(vectors), 2), 0.1, np.float32),
    }
    return Pool(**{**fields, **changes})  # type: ignore[arg-type]


def _unit(rng: np.random.Generator, count: int) -> Half:
    vectors = rng.normal(size=(count, 16))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float16)


def random_pool(queries: int = 6, candidates: int = 40, seed: int = 0) -> Pool:
    rng = np.random.default_rng(seed)
    scores = -np.sort(-rng.uniform(-0.2, 0.9, (queries, candidates)))
    relevant = [rng.uniform(0.1, 0.9, rng.integers(1, 4)).tolist() for _ in range(queries)]
    teacher = rng.uniform(0, 1, (queries, candidates)).astype(np.float32)
    teacher[:, ::5] = np.nan
    evidence = {"teacher": teacher, "teacher_relevant": np.full((queries, 3), 0.8, np.float32)}
    risk = rng.uniform(0, 1, (queries, candidates)).astype(np.float32)
    sibling = rng.integers(0, 3, (queries, candidates)).astype(np.uint8)
    return make_pool(scores, relevant, sibling=sibling, evidence=evidence, risk=risk)


def part(pool: Pool, low: int, high: int) -> Pool:
    """The pool of some of its queries."""
    mine = slice(int(pool.offsets[low]), int(pool.offsets[high]))
    by_query = {
        name: getattr(pool, name)[low:high]
        for name in ("rows", "scores", "match", "covered", "queries", "sibling", "documents", "keys")
    }
    by_relevant = {
        name: getattr(pool, name)[mine]
        for name in ("relevant_rows", "relevant_scores", "to_relevant", "shared", "relevant")
    }
    risk = None if pool.risk is None else pool.risk[low:high]
    evidence = {name: values[low:high] for name, values in pool.evidence.items()}
    offsets = pool.offsets[low : high + 1] - pool.offsets[low]
    return Pool(
        **by_query,
        **by_relevant,
        offsets=offsets,
        vectors=pool.vectors,
        spread=pool.spread,
        risk=risk,
        evidence=evidence,
    )
