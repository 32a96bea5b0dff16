"""What every selector promises, over the table of selectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from miner.data import KEPT, PADDED, PADDING, TEACHER, Pool, UInt8
from miner.errors import ConfigError
from miner.selectors import (
    SELECTORS,
    BelowRelevant,
    Diverse,
    FittedSelector,
    RiskPenalty,
    Sample,
    Selector,
    Spread,
    Top,
    parse_selector,
)
from miner.selectors.priced import EASIEST, SLACK
from tests.support.pools import make_pool, part, random_pool


def ready(name: str, pool: Pool, verdicts: UInt8) -> Selector:
    """The selector as it is spelt, fitted to the pool if it is one that has to be."""
    selector = parse_selector(name)
    if isinstance(selector, FittedSelector):
        return selector.fitted([pool], [verdicts], [np.full(len(pool.rows), 5)])
    return selector


@pytest.mark.parametrize("name", SELECTORS)
def test_only_kept_candidates_are_chosen_best_first_and_never_twice(name: str) -> None:
    pool = random_pool()
    verdicts = np.random.default_rng(1).integers(0, 3, pool.rows.shape).astype(np.uint8)
    n = np.array([5, 0, 3, 5, 1, 5])
    chosen = ready(name, pool, verdicts).choose(pool, verdicts, n, seed=3).columns
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
    selector = ready(name, pool, verdicts)
    whole = selector.choose(pool, verdicts, n, 0).columns
    pieces = [selector.choose(part(pool, i, i + 2), verdicts[:2], n[:2], 0).columns for i in (0, 2, 4)]
    np.testing.assert_array_equal(whole, np.concatenate(pieces))


@pytest.mark.parametrize("name", SELECTORS)
def test_a_query_without_kept_candidates_gets_none(name: str) -> None:
    pool, none = random_pool(), np.full((6, 40), PADDED, np.uint8)
    chosen = ready(name, pool, none).choose(pool, none, np.full(6, 5), 0).columns
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


def priced_pool(odds: list[float]) -> Pool:
    """Four candidates a tenth of a cosine apart, as near to the relevant passage as to the query; the corpus's cosines
    have mean and deviation .1."""
    risk = np.array([[each / (1 + each) for each in odds]], np.float32)
    scores = np.array([[0.9, 0.8, 0.7, 0.6]], np.float32)
    return make_pool(scores, [[0.75]], risk=risk, to_relevant=scores)


def bought(pool: Pool, price: float, n: int = 2) -> list[int]:
    kept = np.zeros(pool.rows.shape, np.uint8)
    columns: list[int] = RiskPenalty(price=price).choose(pool, kept, np.array([n]), 0).columns[0].tolist()
    return columns


def test_a_price_weighs_cosine_against_odds() -> None:
    pool = priced_pool([0.5, 0.1, 0.01, 0.01])
    assert bought(pool, 0.0) == [0, 1]
    assert bought(pool, 0.5) == [1, 2]  # worth .65, .75, .695, .595
    assert bought(pool, 3.0) == [2, 3]  # -.6, .5, .67, .57
    assert bought(pool, 3.0, n=4) == [0, 1, 2, 3]


def test_what_lies_near_the_relevant_passage_is_harder() -> None:
    pool = replace(priced_pool([0.1] * 4), to_relevant=np.array([[0.1, 0.2, 0.7, 0.9]], np.float32))
    columns = {
        share: RiskPenalty(price=1.0, relevant=share)
        .choose(pool, np.zeros(pool.rows.shape, np.uint8), np.array([2]), 0)
        .columns[0]
        .tolist()
        for share in (0.0, 0.2, 0.3)
    }
    assert columns == {0.0: [0, 1], 0.2: [0, 2], 0.3: [2, 3]}  # at .2 .74 .68 .70 .66; at .3 .66 .62 .70 .69


def fit(pool: Pool, margin: float = 0.05, n: int = 5) -> float:
    found = RiskPenalty(margin=margin).fitted(
        [pool], [np.zeros(pool.rows.shape, np.uint8)], [np.full(len(pool.rows), n)]
    )
    assert found.price is not None
    return found.price


def hardness(pool: Pool, price: float, n: int = 5) -> float:
    columns = (
        RiskPenalty(price=price)
        .choose(pool, np.zeros(pool.rows.shape, np.uint8), np.full(len(pool.rows), n), 0)
        .columns
    )
    return float(np.take_along_axis(pool.scores, columns, 1).mean())


def suspicious_pool(relevant: float = 0.85) -> Pool:
    """Pools of candidates of which the harder are likelier to answer, in the mean; fourteen lie between .8 and .9."""
    rng = np.random.default_rng(5)
    scores = -np.sort(-rng.uniform(0.2, 0.9, (50, 100)))
    risk = 1 / (1 + np.exp(4 - 6 * scores + rng.normal(size=scores.shape)))
    return make_pool(
        scores, [[relevant]] * 50, risk=risk.astype(np.float32), to_relevant=scores.astype(np.float32)
    )


def test_the_price_found_leaves_negatives_as_hard_as_the_hardest_under_a_relative_margin() -> None:
    pool = suspicious_pool()
    for margin in (0.05, 0.1):
        limit = 0.85 - margin * (0.85 - 0.1)
        under = np.where(pool.scores <= limit, pool.scores, -1)
        aim = float(-np.sort(-under)[:, :5].mean()) - SLACK * 0.1
        assert hardness(pool, fit(pool, margin)) == pytest.approx(aim, abs=2e-3)


def test_the_price_found_takes_no_size_of_the_estimates_for_granted() -> None:
    pool = suspicious_pool()
    assert pool.risk is not None
    odds = 20 * pool.risk / (1 - pool.risk)
    surer = replace(pool, risk=(odds / (1 + odds)).astype(np.float32))
    chosen = [
        RiskPenalty(price=fit(each))
        .choose(each, np.zeros(each.rows.shape, np.uint8), np.full(50, 5), 0)
        .columns
        for each in (pool, surer)
    ]
    assert np.mean(chosen[0] == chosen[1]) > 0.95


@pytest.mark.parametrize("relevant", [-1.0, 0.15])
def test_where_a_margin_leaves_next_to_nothing_negatives_are_not_plainly_easy(relevant: float) -> None:
    pool = suspicious_pool(relevant)
    hardest = hardness(pool, 0.0)
    aim = hardest - (EASIEST + SLACK) * 0.1
    assert hardness(pool, fit(pool)) == pytest.approx(aim, abs=2e-3)


def test_a_margin_that_takes_nothing_away_leaves_the_hardest() -> None:
    pool = suspicious_pool(relevant=5.0)
    assert hardness(pool, fit(pool)) == pytest.approx(hardness(pool, 0.0) - SLACK * 0.1, abs=2e-3)
    nothing = RiskPenalty().fitted([], [], [])
    assert nothing.ready


def test_a_price_needs_an_estimate_and_is_found_before_anything_is_chosen() -> None:
    kept, pool = np.zeros((1, 2), np.uint8), make_pool([[0.9, 0.8]], [[0.9]])
    with pytest.raises(ConfigError, match="risk"):
        RiskPenalty(price=1.0).choose(pool, kept, np.array([1]), 0)
    with pytest.raises(ConfigError, match="risk"):
        RiskPenalty().fitted([pool], [kept], [np.array([1])])
    assert not RiskPenalty().ready
    with pytest.raises(ConfigError, match="has no price yet"):
        RiskPenalty().choose(pool, kept, np.array([1]), 0)
    with pytest.raises(ConfigError, match="expected 0 or more"):
        RiskPenalty(price=-1.0)
    with pytest.raises(ConfigError, match=r"margin is 1\.0; expected 0 or more and less than 1"):
        RiskPenalty(margin=1.0)
    with pytest.raises(ConfigError, match=r"relevant is -0\.1; expected 0 or more and less than 1"):
        RiskPenalty(relevant=-0.1)
