from __future__ import annotations

import numpy as np
import pytest

from miner.reranking.intervals import Interval, clusters, paired


def test_queries_that_share_passages_through_others_are_one_cluster() -> None:
    relevant = [["a1"], ["b2"], ["a1", "c3"], ["d4"], ["c3", "b2"]]
    numbers = clusters(["one", "two", "three", "four", "five"], relevant)
    assert len(set(numbers[[0, 1, 2, 4]].tolist())) == 1
    assert numbers[3] != numbers[0]


def test_the_same_query_in_two_rows_is_one_cluster() -> None:
    numbers = clusters(["One?", "one", "two"], [["a1"], ["b2"], ["c3"]])
    assert numbers[0] == numbers[1] != numbers[2]


def test_queries_are_joined_by_a_passage_that_differs_in_case_only() -> None:
    numbers = clusters(["one", "two", "three"], [["Same answer."], ["same  Answer"], ["another"]])
    assert numbers[0] == numbers[1] != numbers[2]


def test_a_query_equal_to_another_rows_passage_joins_nothing() -> None:
    first, second = clusters(["one", "two"], [["two"], ["three"]])
    assert first != second


def test_a_constant_change_has_an_interval_of_no_width() -> None:
    before = np.random.default_rng(0).random((30, 2))
    change = paired(before, before + np.array([0.1, -0.2]), np.arange(30))
    assert [(i.mean, i.low, i.high) for i in change] == [
        pytest.approx((0.1, 0.1, 0.1)),
        pytest.approx((-0.2, -0.2, -0.2)),
    ]
    assert [i.verdict for i in change] == ["gain", "loss"]


def test_the_interval_of_independent_queries_is_that_of_the_normal_law() -> None:
    change = np.random.default_rng(1).normal(0.05, 1, (1_000, 1))
    interval = paired(np.zeros_like(change), change, np.arange(1_000))[0]
    half = 1.96 * float(change.std()) / np.sqrt(1_000)
    assert interval.low == pytest.approx(float(change.mean()) - half, abs=0.003)
    assert interval.high == pytest.approx(float(change.mean()) + half, abs=0.003)


def test_copies_of_a_query_in_one_cluster_do_not_narrow_the_interval() -> None:
    change = np.random.default_rng(2).normal(0, 1, (50, 1))
    single = paired(np.zeros((50, 1)), change, np.arange(50))[0]
    copied = paired(np.zeros((500, 1)), np.repeat(change, 10, axis=0), np.repeat(np.arange(50), 10))[0]
    assert copied.high - copied.low == pytest.approx(single.high - single.low)


def test_a_few_clusters_show_nothing_however_many_queries_they_hold() -> None:
    interval = paired(np.zeros((400, 1)), np.full((400, 1), 0.3), np.arange(400) % 4)[0]
    assert interval.mean == pytest.approx(0.3)
    assert interval.verdict == "no difference shown"


@pytest.mark.parametrize("low", [-0.01, 0.0])
def test_an_interval_that_holds_zero_is_no_gain(low: float) -> None:
    assert Interval(0.05, low, 0.1).verdict == "no difference shown"


def test_the_same_seed_gives_the_same_interval() -> None:
    change = np.random.default_rng(3).random((20, 4))
    assert paired(np.zeros((20, 4)), change, np.arange(20), 7) == paired(
        np.zeros((20, 4)), change, np.arange(20), 7
    )
