from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from miner.data import PADDING, Float32, Half, Int64
from miner.vectors import exact as searching
from miner.vectors.exact import error_bound, merge, nearest_of, rescore, search


@dataclass
class Held:
    """Vectors in memory; counts what is read of them."""

    vectors: Half
    blocks_read: int = 0

    @property
    def dim(self) -> int:
        return int(self.vectors.shape[1])

    def __len__(self) -> int:
        return len(self.vectors)

    def take(self, rows: Int64) -> Half:
        return self.vectors[rows]

    def blocks(self, rows: int) -> Iterator[tuple[int, Half]]:
        for start in range(0, len(self), rows):
            self.blocks_read += 1
            yield start, self.vectors[start : start + rows]


def unit(seed: int, count: int, dim: int = 48) -> Half:
    vectors = np.random.default_rng(seed).standard_normal((count, dim))
    half: Half = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    return half


def brute(vectors: Half, queries: Half, k: int) -> tuple[list[list[int]], list[list[float]]]:
    """Exact by construction: whole numbers of any size."""
    ours, theirs = ((np.ldexp(each.astype(np.float64), 24)).astype(np.int64) for each in (queries, vectors))
    rows, scores = [], []
    for query in ours.tolist():
        exact = [sum(a * b for a, b in zip(query, vector, strict=True)) for vector in theirs.tolist()]
        best = sorted(range(len(exact)), key=lambda row: (-exact[row], row))[:k]
        rows.append(best + [PADDING] * (k - len(best)))
        scores.append([exact[row] / 2**48 for row in best] + [-np.inf] * (k - len(best)))
    return rows, scores


def assert_exact(vectors: Half, queries: Half, k: int, max_memory: int = 2**30) -> None:
    near = search(Held(vectors), queries, k, max_memory)
    rows, scores = brute(vectors, queries, k)
    assert near.rows.tolist() == rows
    assert near.scores.tolist() == scores


@pytest.mark.parametrize("k", [1, 10, 60])
def test_finds_what_brute_force_finds(k: int) -> None:
    assert_exact(unit(1, 400), unit(2, 9), k)


def test_asks_for_more_than_there_is() -> None:
    assert_exact(unit(1, 7), unit(2, 3), 12)


@pytest.mark.parametrize("count", [1, 26, 27, 28])
def test_small_corpora_around_the_overfetch(count: int) -> None:
    assert_exact(unit(1, count), unit(2, 3), 10)


def test_nothing_to_search_in_or_for() -> None:
    assert search(Held(unit(1, 0)), unit(2, 2), 3).rows.tolist() == [[PADDING] * 3] * 2
    assert search(Held(unit(1, 50)), unit(2, 0), 3).rows.shape == (0, 3)


@pytest.mark.parametrize("max_memory", [1, 20_000, 100_000, 2**30])
def test_memory_does_not_change_the_result(max_memory: int) -> None:
    vectors = np.concatenate([unit(1, 300), unit(1, 100)])
    assert_exact(vectors[np.random.default_rng(0).permutation(400)], unit(2, 5), 20, max_memory)


def test_many_ties_widen_the_search_to_everything() -> None:
    """The overfetch cannot hold 200 equal vectors; the lowest rows must win among them."""
    vectors = np.concatenate([unit(1, 100), np.repeat(unit(3, 1), 200, axis=0), unit(4, 100)])
    order = np.random.default_rng(0).permutation(400)
    queries = np.concatenate([unit(3, 1), unit(2, 2)])
    held = Held(vectors[order])
    near = search(held, queries, 10)
    assert near.rows[0].tolist() == sorted(np.flatnonzero((order >= 100) & (order < 300)).tolist())[:10]
    assert held.blocks_read == 2
    assert near.rows.tolist() == brute(held.vectors, queries, 10)[0]


def test_near_ties_within_the_error_bound_are_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """float32 sums that err by less than the bound hide the best row: its score comes out below all that
    are fetched, of which the worst still scores below the tenth best.
    """
    grain = 2.0**-19
    vectors = np.zeros((300, 48), np.float16)
    vectors[:, 1] = 1
    vectors[:27, 0] = np.array([2000] + [1999] * 10 + [1998] * 16) * grain
    assert 1.3 * grain < error_bound(48)

    def erring(held: Held, ours: Half, k: int, block: int) -> tuple[Int64, Float32, None]:
        scores = np.array([[1999] * 10 + [1998.7] * 16]) * grain
        return np.arange(1, 27)[None], scores.astype(np.float32), None

    monkeypatch.setattr(searching, "_fetch", erring)
    near = search(Held(vectors), np.eye(1, 48, dtype=np.float16), 10)
    assert near.rows.tolist() == [list(range(10))]


def test_the_error_bound_holds_for_the_worst_order_of_sums() -> None:
    vectors, query = np.abs(unit(1, 2000, 384)), np.abs(unit(2, 1, 384))
    exact = vectors.astype(np.float64) @ query[0].astype(np.float64)
    summed = np.zeros(2000, np.float32)
    for i in range(384):
        summed += vectors[:, i].astype(np.float32) * np.float32(query[0, i])
    assert np.abs(summed - exact).max() < error_bound(384)


def test_opposite_and_equal_vectors() -> None:
    vectors = np.concatenate([unit(1, 60), -unit(1, 60), np.eye(48, dtype=np.float16)])
    assert_exact(vectors, np.concatenate([unit(1, 2), np.eye(48, dtype=np.float16)[:3]]), 20)


def test_merging_parts_in_any_order_is_searching_the_whole() -> None:
    vectors, queries = np.concatenate([unit(1, 200), unit(1, 50), unit(5, 100)]), unit(2, 6)
    whole = search(Held(vectors), queries, 30)
    parts = []
    for start, stop in ((0, 90), (90, 95), (95, 350)):
        parts.append(search(Held(vectors[start:stop]), queries, 30).shifted(start))
    a, b, c = parts
    for merged in (
        merge(merge(a, b, 30), c, 30),
        merge(a, merge(c, b, 30), 30),
        merge(c, merge(b, a, 30), 30),
    ):
        np.testing.assert_array_equal(merged.rows, whole.rows)
        np.testing.assert_array_equal(merged.scores, whole.scores)


def test_rescoring_in_small_pieces_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, queries = unit(1, 40), unit(2, 5)
    rows = np.random.default_rng(0).integers(0, 40, (5, 13))
    expected = np.einsum("qkd,qd->qk", vectors[rows].astype(np.float64), queries.astype(np.float64))
    for gather in (1, 48 * 5, 48 * 40, 2**19):
        monkeypatch.setattr(searching, "GATHER", gather)
        np.testing.assert_array_equal(rescore(lambda: Held(vectors).take, queries, rows), expected)


def test_nearest_of_given_rows_keeps_padding_behind() -> None:
    vectors, queries = unit(1, 40), unit(2, 1)
    near = nearest_of(Held(vectors), queries, np.array([[PADDING, 3, 9, PADDING]]), 5)
    best = sorted(
        (3, 9), key=lambda row: -float(vectors[row].astype(np.float64) @ queries[0].astype(np.float64))
    )
    assert near.rows.tolist() == [[*best, PADDING, PADDING, PADDING]]
    assert near.scores[0, 2:].tolist() == [-np.inf] * 3


@pytest.mark.parametrize("ties", [False, True])
def test_memory_stays_near_what_is_allowed(monkeypatch: pytest.MonkeyPatch, ties: bool) -> None:
    monkeypatch.setattr(searching, "GATHER", 2**14)
    vectors, queries = unit(1, 20_000), unit(2, 20 if ties else 400)
    if ties:
        vectors[:] = vectors[0]
    held = Held(vectors)
    search(held, queries[:2], 20)
    for allowed in (2**21, 2**23):
        tracemalloc.start()
        search(held, queries, 20, allowed)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < allowed + 2**20
