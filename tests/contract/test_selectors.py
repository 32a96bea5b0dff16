"""What every selector promises, over the table of selectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from miner.data import KEPT, PADDED, PADDING, TEACHER, Pool
from miner.errors import ConfigError
from miner.selectors import (
    SELECTORS,
    BelowRelevant,
    Diverse,
    RiskPenalty,
    Sample,
    Spread,
    Top,
    parse_selector,
)
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


def test_spread_takes_one_of_each_part_of_the_range() -> None:
    pool = make_pool([[0.9, 0.88, 0.86, 0.7, 0.5, 0.31, 0.3]], [[0.9]])
    kept = np.zeros((1, 7), np.uint8)
    assert Spread().choose(pool, kept, np.array([3]), 0).columns.tolist() == [[2, 3, 5]]
    assert Spread(hardest=1).choose(pool, kept, np.array([3]), 0).columns.tolist() == [[0, 3, 4]]


def test_spread_goes_by_the_teacher_where_it_is_told_to() -> None:
    pool = make_pool([[0.9, 0.8, 0.7, 0.6]], [[0.9]])
    scored = replace(pool, evidence={TEACHER: np.array([[1.0, 9.0, 4.0, 6.0]], np.float32)})
    kept = np.zeros((1, 4), np.uint8)
    assert Spread().choose(scored, kept, np.array([2]), 0).columns.tolist() == [[1, 2]]
    assert Spread(by="teacher").choose(scored, kept, np.array([2]), 0).columns.tolist() == [[2, 3]]
    assert Spread(by="teacher").needs == {TEACHER}
    assert not Spread().needs
    with pytest.raises(ConfigError, match="by is 'rank'; expected 'similarity' or 'teacher'"):
        Spread(by="rank")


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


def priced_pool(risk: list[float], relevant: float = 0.75) -> Pool:
    """Four candidates a tenth of a cosine apart, one deviation; their mean is .75."""
    return make_pool([[0.9, 0.8, 0.7, 0.6]], [[relevant]], risk=np.array([risk], np.float32))


def bought(pool: Pool, price: float, n: int = 2) -> list[int]:
    kept = np.zeros(pool.rows.shape, np.uint8)
    columns: list[int] = RiskPenalty(price=price).choose(pool, kept, np.array([n]), 0).columns[0].tolist()
    return columns


def test_a_price_weighs_deviations_of_cosine_against_how_much_likelier_than_ordinary() -> None:
    pool = priced_pool(
        [1 / 3, 1 / 11, 1 / 101, 1 / 101]
    )  # odds .5, .1, .01, .01: 50, 10, 1, 1 times ordinary
    assert bought(pool, 0.0) == [0, 1]
    assert bought(pool, 0.03) == [0, 1]  # worth 7.5, 7.7, 6.97, 5.97
    assert bought(pool, 0.06) == [1, 2]  # 6, 7.4, 6.94, 5.94
    assert bought(pool, 0.3) == [2, 3]  # -6, 5, 6.7, 5.7
    assert bought(pool, 0.3, n=4) == [0, 1, 2, 3]


def test_risks_that_are_all_off_by_one_factor_of_odds_choose_the_same() -> None:
    odds = np.array([0.5, 0.1, 0.01, 0.01])
    for factor in (0.01, 1.0, 30.0):
        assert bought(priced_pool((factor * odds / (1 + factor * odds)).tolist()), 0.06) == [1, 2]


def test_a_relevant_passage_that_stands_far_out_makes_others_less_suspicious() -> None:
    risk = [1 / 3, 1 / 11, 1 / 101, 1 / 101]
    assert bought(priced_pool(risk, relevant=0.75), 0.06) == [1, 2]
    assert bought(priced_pool(risk, relevant=0.95), 0.06) == [0, 1]
    assert bought(priced_pool(risk, relevant=0.25), 0.06) == [2, 3]


def test_what_matches_a_relevant_passage_does_not_make_others_ordinary() -> None:
    pool = make_pool(
        [[0.9, 0.9, 0.9, 0.8, 0.7, 0.6]],
        [[0.75]],
        risk=np.array([[0.99, 0.99, 1 / 3, 1 / 11, 1 / 101, 1 / 101]], np.float32),
        match=np.array([[1, 1, 0, 0, 0, 0]], np.uint8),
    )
    verdicts = np.array([[PADDED, PADDED, 0, 0, 0, 0]], np.uint8)
    chosen = RiskPenalty(price=0.06).choose(pool, verdicts, np.array([2]), 0).columns
    assert chosen.tolist() == [[3, 4]]


def test_candidates_beyond_the_first_hundred_change_nothing_for_those_before() -> None:
    rng = np.random.default_rng(3)
    scores, risk = -np.sort(-rng.uniform(0, 0.9, (1, 300))), rng.uniform(0, 1, (1, 300)).astype(np.float32)
    deep = RiskPenalty().worth(make_pool(scores, [[0.5]], risk=risk))
    flat = RiskPenalty().worth(make_pool(scores[:, :100], [[0.5]], risk=risk[:, :100]))
    np.testing.assert_array_equal(deep[:, :100], flat)


def test_a_price_needs_an_estimate_and_is_not_negative() -> None:
    kept = np.zeros((1, 2), np.uint8)
    with pytest.raises(ConfigError, match="risk"):
        RiskPenalty().choose(make_pool([[0.9, 0.8]], [[0.9]]), kept, np.array([1]), 0)
    with pytest.raises(ConfigError, match="expected 0 or more"):
        RiskPenalty(price=-1.0)
