"""What every selector promises, over the table of selectors."""

from __future__ import annotations

import numpy as np
import pytest

from miner.data import KEPT, PADDED, PADDING
from miner.errors import ConfigError
from miner.selectors import SELECTORS, BelowRelevant, Diverse, RiskPenalty, Sample, Top, parse_selector
from tests.support.pools import make_pool, part, random_pool


@pytest.mark.parametrize("name", SELECTORS)
def test_only_kept_candidates_are_chosen_best_first_and_never_twice(name: str) -> None:
    pool = random_pool()
    verdicts = np.random.default_rng(1).integers(0, 3, pool.rows.shape).astype(np.uint8)
    n = np.array([5, 0, 3, 5, 1, 5])
    chosen = parse_selector(name).choose(pool, verdicts, n, seed=3).columns
    assert chosen.shape == (6, 5)
    for line, verdict, count in zip(chosen, verdicts, n, strict=True):
        picked = line[line != PADDING]
        assert len(picked) == min(count, np.sum(verdict == KEPT))
        assert np.all(verdict[picked] == KEPT)
        assert np.all(np.diff(picked) > 0)


@pytest.mark.parametrize("name", SELECTORS)
def test_choices_do_not_depend_on_how_queries_are_split(name: str) -> None:
    pool, verdicts = random_pool(), np.zeros((6, 40), np.uint8)
    n = np.full(6, 5)
    whole = parse_selector(name).choose(pool, verdicts, n, 0).columns
    pieces = [
        parse_selector(name).choose(part(pool, i, i + 2), verdicts[:2], n[:2], 0).columns for i in (0, 2, 4)
    ]
    np.testing.assert_array_equal(whole, np.concatenate(pieces))


@pytest.mark.parametrize("name", SELECTORS)
def test_a_query_without_kept_candidates_gets_none(name: str) -> None:
    pool = random_pool()
    chosen = parse_selector(name).choose(pool, np.full((6, 40), PADDED, np.uint8), np.full(6, 5), 0).columns
    assert np.all(chosen == PADDING)


def test_top_takes_the_best_ranks() -> None:
    verdicts = np.array([[KEPT, PADDED, KEPT, KEPT]], np.uint8)
    pool = make_pool([[0.9, 0.8, 0.7, 0.6]], [[0.9]])
    assert Top().choose(pool, verdicts, np.array([2]), 0).columns.tolist() == [[0, 2]]


def test_below_takes_the_hardest_that_score_less_than_the_relevant_passage() -> None:
    pool = make_pool([[0.95, 0.88, 0.84, 0.7, 0.6]], [[0.9]])
    kept = np.zeros((1, 5), np.uint8)
    assert BelowRelevant().choose(pool, kept, np.array([2]), 0).columns.tolist() == [[2, 3]]
    assert BelowRelevant(margin=0).choose(pool, kept, np.array([2]), 0).columns.tolist() == [[1, 2]]


def test_below_fills_up_with_those_that_outrank_the_relevant_passage_least() -> None:
    pool = make_pool([[0.95, 0.9, 0.85, 0.3]], [[0.4]])
    assert BelowRelevant().choose(pool, np.zeros((1, 4), np.uint8), np.array([3]), 0).columns.tolist() == [
        [1, 2, 3]
    ]


@pytest.mark.parametrize("margin", [-0.1, 1.5, np.nan])
def test_below_refuses_a_margin_that_is_no_share(margin: float) -> None:
    with pytest.raises(ConfigError, match="expected 0 to 1"):
        BelowRelevant(margin=margin)


def test_sampling_follows_the_seed_and_leans_to_its_offset() -> None:
    pool, kept = random_pool(queries=200, candidates=60), np.zeros((200, 60), np.uint8)
    n = np.full(200, 5)
    drawn = [Sample().choose(pool, kept, n, seed).columns for seed in (0, 0, 1)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert np.mean(drawn[0] == drawn[2]) < 0.5
    distance = np.take_along_axis(pool.scores, drawn[0], 1) - pool.best[:, None] + 0.1
    everyone = pool.scores - pool.best[:, None] + 0.1
    assert np.mean(np.abs(distance)) < 0.5 * np.mean(np.abs(everyone))


def test_diverse_never_takes_two_copies_and_bounds_a_document() -> None:
    copies = np.zeros((4, 3), np.float16)
    copies[:, 0] = 1
    copies[2:] = [0, 1, 0]
    pool = make_pool([[0.9, 0.8, 0.7, 0.6]], [[0.9]], vectors=lambda rows: copies[rows])
    kept = np.zeros((1, 4), np.uint8)
    assert Diverse().choose(pool, kept, np.array([4]), 0).columns[0, :2].tolist() == [0, 2]
    assert Diverse().choose(pool, kept, np.array([4]), 0).columns[0, 2] == PADDING
    one = make_pool([[0.9, 0.8, 0.7, 0.6]], [[0.9]], documents=np.array([[1, 1, 1, 2]], np.uint64))
    assert Diverse(per_document=1).choose(one, kept, np.array([4]), 0).columns[0].tolist() == [
        0,
        3,
        PADDING,
        PADDING,
    ]


def test_a_price_weighs_cosine_against_odds() -> None:
    risk = np.array([[0.5, 0.2, 0.0, 1.0]], np.float32)
    pool, kept = make_pool([[0.9, 0.8, 0.7, 0.6]], [[0.9]], risk=risk), np.zeros((1, 4), np.uint8)
    two = np.array([2])
    assert RiskPenalty(price=0.0).choose(pool, kept, two, 0).columns.tolist() == [[0, 1]]
    assert RiskPenalty(price=0.15).choose(pool, kept, two, 0).columns.tolist() == [[0, 1]]
    assert RiskPenalty(price=0.25).choose(pool, kept, two, 0).columns.tolist() == [[1, 2]]
    assert RiskPenalty(price=0.25).choose(pool, kept, np.array([4]), 0).columns.tolist() == [[0, 1, 2, 3]]


def test_a_price_needs_an_estimate_and_is_not_negative() -> None:
    kept = np.zeros((1, 2), np.uint8)
    with pytest.raises(ConfigError, match="risk"):
        RiskPenalty().choose(make_pool([[0.9, 0.8]], [[0.9]]), kept, np.array([1]), 0)
    with pytest.raises(ConfigError, match="expected 0 or more"):
        RiskPenalty(price=-1.0)
