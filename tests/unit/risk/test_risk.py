"""The risk of being a false negative: what it is made of, and what must not change it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from miner.data import PADDING, Passage, Pool, Query
from miner.encoders import HashingEncoder
from miner.errors import ConfigError
from miner.filters import Risk
from miner.filters.risk import lowest_caps
from miner.index import Index, build_index
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.risk import (
    NAMES,
    Geometry,
    RiskModel,
    RiskScorer,
    features,
    packaged_model,
    probability,
    read_model,
)
from miner.risk.features import SATURATED
from miner.risk.relevant import weigh
from miner.text.match import Match
from tests.support.pools import make_pool, part
from tests.support.risks import plainly, pool_of


@pytest.fixture(scope="module")
def index(
    tmp_path_factory: pytest.TempPathFactory, passages: list[Passage], encoder: HashingEncoder
) -> Index:
    return build_index(passages, tmp_path_factory.mktemp("index") / "help", encoder)


@pytest.fixture(scope="module")
def pool(index: Index, queries: list[Query], encoder: HashingEncoder) -> Pool:
    return pool_of(queries, index, encoder)


@pytest.fixture(scope="module")
def scorer(index: Index) -> RiskScorer:
    return packaged_model().for_index(index)


def without(pool: Pool, column: int) -> Pool:
    """The pool of one query without one of its candidates."""
    by_candidate = ("rows", "scores", "match", "sibling", "documents", "to_relevant", "covered", "shared")
    cut = {name: np.delete(getattr(pool, name), column, axis=1) for name in by_candidate}
    return replace(pool, **cut, risk=None, ranks=None)


def test_features_are_those_of_the_formulas(pool: Pool, index: Index, scorer: RiskScorer) -> None:
    corpus = index.vectors(np.arange(len(index))).astype(np.float64)
    ours = features(pool, scorer.geometry)
    alone = [i for i in range(len(pool.rows)) if np.diff(pool.offsets)[i] == 1][:6]
    assert len(alone) == 6
    for query in alone:
        np.testing.assert_allclose(ours[query], plainly(pool, query, corpus), atol=2e-3)


def test_risk_is_the_same_whatever_the_block_and_the_threads(pool: Pool, scorer: RiskScorer) -> None:
    assert pool.risk is not None
    for size in (1, 7, 48):
        pieces = [part(pool, low, min(low + size, 48)) for low in range(0, 48, size)]
        risks = np.concatenate([scorer.risk(each, features(each, scorer.geometry)) for each in pieces])
        np.testing.assert_array_equal(risks, pool.risk)
    for threads in (1, 2):
        with threadpool_limits(threads):
            np.testing.assert_array_equal(scorer.score(pool).risk, pool.risk)


def test_a_deeper_search_changes_no_risk(index: Index, queries: list[Query], encoder: HashingEncoder) -> None:
    shallow, deep = (pool_of(queries, index, encoder, depth) for depth in (100, 192))
    assert shallow.risk is not None
    assert deep.risk is not None
    np.testing.assert_array_equal(shallow.risk, deep.risk[:, :100])
    assert len(np.unique(deep.risk[:, 100:])) > 10


def test_what_matches_a_relevant_passage_plays_no_part(pool: Pool, scorer: RiskScorer) -> None:
    one = part(pool, 2, 3)
    for column in (0, 5, 59):
        match = one.match.copy()
        match[0, column] = Match.NEAR_COPY
        marked = scorer.score(replace(one, match=match)).risk
        assert marked is not None
        np.testing.assert_array_equal(
            np.delete(marked, column, axis=1), scorer.score(without(one, column)).risk
        )


def test_padding_has_risk_one_and_nothing_is_nan(pool: Pool, scorer: RiskScorer) -> None:
    rows, scores, near = pool.rows.copy(), pool.scores.copy(), pool.to_relevant.copy()
    rows[:, 20:], scores[:, 20:], near[:, 20:] = PADDING, -np.inf, -np.inf
    rows[0], scores[0], near[0] = PADDING, -np.inf, -np.inf
    short = scorer.score(replace(pool, rows=rows, scores=scores, to_relevant=near)).risk
    assert short is not None
    assert np.all(short[:, 20:] == 1)
    assert np.all(short[0] == 1)
    assert np.all((short[1:, :20] >= 0) & (short[1:, :20] < 1))


@pytest.mark.parametrize("same", [True, False])
def test_corpora_without_spread_give_finite_risks(pool: Pool, same: bool) -> None:
    mean = pool.queries[0].astype(np.float64) if same else np.zeros(pool.queries.shape[1])
    geometry = Geometry.of(mean, np.zeros((len(mean), len(mean))))
    risk = RiskScorer(packaged_model(), geometry).score(pool).risk
    assert risk is not None
    assert np.all(np.isfinite(risk))


def test_parts_add_up_to_the_log_odds(pool: Pool, scorer: RiskScorer) -> None:
    parts = scorer.parts(pool)
    assert set(parts) == {
        "intercept",
        "feedback",
        "partial",
        "density",
        "log_rank",
        "residual",
        "covered",
        "shared",
    }
    total = np.stack(list(parts.values())).astype(np.float64).sum(axis=0)
    assert pool.risk is not None
    assert np.abs(probability(total) - pool.risk).max() < 2e-6


def test_hidden_answers_look_riskier_than_others(queries: list[Query], pool: Pool, index: Index) -> None:
    """Least so than the same sentence about another thing: a contrast, which the guards keep."""
    assert pool.risk is not None
    told, among_others = [], []
    for i, query in enumerate(queries):
        (known,) = query.relevant_ids[:1]
        ids = [passage.id for passage in index.passages(pool.rows[i])]
        ours = np.array([id.startswith(known) and id not in query.relevant_ids for id in ids])
        others = ~ours & (pool.match[i] == 0)
        reworded = others & np.array([id.partition("#")[2] != known.partition("#")[2] for id in ids])
        told += [np.mean(risk > pool.risk[i, others]) for risk in pool.risk[i, ours]]
        among_others += [np.mean(risk > pool.risk[i, reworded]) for risk in pool.risk[i, ours]]
    assert len(told) > 100
    assert np.mean(told) > 0.75
    assert np.mean(among_others) > 0.95


def test_a_relevant_passage_in_error_weighs_nothing() -> None:
    good = weigh(np.array([0.62, 0.55], np.float32), 0.05, 0.09)
    with_junk = weigh(np.array([0.62, 0.55, 0.1], np.float32), 0.05, 0.09)
    np.testing.assert_array_equal(with_junk[:2], good)
    assert with_junk[2] == 0
    assert good.sum() == pytest.approx(1)
    assert good[0] > good[1] > 0.3


def test_a_junk_passage_among_the_relevant_ones_changes_next_to_nothing(
    index: Index, passages: list[Passage], queries: list[Query], encoder: HashingEncoder
) -> None:
    rng = np.random.default_rng(0)
    several = [query for query in queries if len(query.relevant_ids) > 1]
    assert len(several) == 24
    junk = [passages[rng.integers(len(passages))].id for _ in several]
    spoilt = [replace(q, relevant_ids=(*q.relevant_ids, id)) for q, id in zip(several, junk, strict=True)]
    price = mine(several, index, encoder=encoder).recipe.select
    clean, dirty = (mine(each, index, select=price, encoder=encoder).picks for each in (several, spoilt))
    assert [len(pick.rows) for pick in dirty] == [5] * len(several)
    lost = [len(set(a.rows.tolist()) - set(b.rows.tolist())) for a, b in zip(clean, dirty, strict=True)]
    assert max(lost) <= 2
    assert np.mean(lost) < 0.5


def test_the_filter_keeps_what_lies_under_its_cap() -> None:
    risk = np.array([[0.5, 0.1, 0.100001, 0.0]], np.float32)
    pool = make_pool([[0.9, 0.5, 0.25, 0.0]], [[0.9]], risk=risk)
    assert Risk(max=0.1).keep(pool)[0].tolist() == [False, True, False, True]
    assert Risk(max=0.5).keep(pool).all()


def test_the_filter_refuses_pools_without_risks_and_caps_that_are_none() -> None:
    with pytest.raises(ConfigError, match="needs a pool with risks"):
        Risk().keep(make_pool([[0.9]], [[0.9]]))
    with pytest.raises(ConfigError, match="from 0 to 1"):
        Risk(max=5.0)


def test_the_lowest_cap_fills_and_none_below_it_does() -> None:
    risk = np.array([[0.5, 0.1, 0.3, 0.2]] * 3, np.float32)
    match = np.zeros((3, 4), np.uint8)
    match[1, 3] = Match.SAME_ID
    pool = make_pool([[0.9, 0.5, 0.25, 0.0]] * 3, [[0.9]] * 3, risk=risk, match=match)
    caps = lowest_caps(pool, Recipe().judges, np.array([2, 2, 5]))
    np.testing.assert_array_equal(caps, np.array([0.2, 0.3, np.nan], np.float32))


def test_a_row_left_short_names_the_cap_that_fills_it(
    index: Index, queries: list[Query], encoder: HashingEncoder
) -> None:
    queries = queries[:6]
    strict = mine(queries, index, Recipe(filters=(Risk(max=0.000002),)), encoder=encoder)
    counts = strict.counts()
    told = counts["short_rows_filled_by_cap"]
    assert counts["short_rows"] > 0
    assert told["rows"] == counts["short_rows"]
    for cap, short in ((told["max_risk"], 0), (told["max_risk"] * 0.99, 1)):
        again = mine(queries, index, Recipe(filters=(Risk(max=cap),)), encoder=encoder)
        assert min(again.counts()["short_rows"], 1) == short


def test_the_packaged_model_says_how_it_was_fitted() -> None:
    model = packaged_model()
    assert len(model.coefficients) == len(NAMES)
    assert {"method", "protocol", "sets"} <= set(model.fitted)
    slope = model.coefficients[0] + 2 * SATURATED * model.coefficients[1]
    assert slope > 0, "more feedback must never mean less risk"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "is not a risk model"),
        (b'{"format": 9}', "of format 9; expected 2"),
        (b'{"format": 2, "intercept": 0, "coefficients": {}, "fitted": {}}', "is not a risk model"),
    ],
)
def test_a_file_that_is_no_model_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_model(data, "model.json")


def test_models_need_finite_numbers() -> None:
    with pytest.raises(ConfigError, match="finite"):
        RiskModel(float("nan"), (0.0,) * len(NAMES))
