"""What every filter promises, over the table of filters."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from miner.data import FIRST_REJECTION, KEPT, PADDED, PADDING
from miner.errors import ConfigError
from miner.filters import (
    FILTERS,
    GUARDS,
    Denoise,
    DropRiskiest,
    Margin,
    OverlapGuard,
    Rank,
    SameDocument,
    Score,
    judge,
    parse_filter,
)
from miner.selectors import SELECTORS
from miner.text.documents import Sibling
from miner.text.match import Match
from tests.support.pools import make_pool, part, random_pool

SPECS = [
    "margin(relative=0.05)",
    "margin(absolute=0.1, against='lowest')",
    "rank(first=3, last=20)",
    "score(max=0.6)",
    "sibling()",
    "denoise(absolute=0.1)",
    "teacher(max=0.6, relative=0.05)",
    "risk(max=0.3)",
    "riskiest(share=0.2)",
]


def test_every_filter_is_under_contract() -> None:
    assert {spec.split("(")[0] for spec in SPECS} == set(FILTERS)


@pytest.mark.parametrize("spec", SPECS)
def test_verdicts_do_not_depend_on_how_queries_are_split(spec: str) -> None:
    pool, each = random_pool(), parse_filter(spec)
    whole = each.keep(pool)
    assert whole.shape == pool.rows.shape
    assert whole.any()
    assert not whole.all()
    pieces = np.concatenate([each.keep(part(pool, low, high)) for low, high in ((0, 1), (1, 4), (4, 6))])
    np.testing.assert_array_equal(whole, pieces)


@pytest.mark.parametrize("spec", SPECS)
def test_a_filter_is_pure_and_travels(spec: str) -> None:
    pool, each = random_pool(), parse_filter(spec)
    again = pickle.loads(pickle.dumps(each))
    assert again == each
    np.testing.assert_array_equal(each.keep(pool), again.keep(pool))


@pytest.mark.parametrize(
    ("margin", "positive", "kept"),
    [
        (Margin(relative=0.05), [0.8], [False, True, True]),
        (Margin(absolute=0.3), [0.8], [False, False, True]),
        (Margin(), [0.8], [False, True, True]),
        (Margin(relative=0.5), [-0.4], [False, False, False]),
        (Margin(relative=0.05, against="lowest"), [0.9, 0.5], [False, False, True]),
        (Margin(relative=0.05, against="highest"), [0.9, 0.5], [True, True, True]),
        (Margin(relative=0.05), [0.9, 0.88, 0.1], [True, True, True]),
    ],
)
def test_margins_keep_what_scores_lower_than_the_relevant_passage(
    margin: Margin, positive: list[float], kept: list[bool]
) -> None:
    pool = make_pool([[0.82, 0.6, -0.5]], [positive])
    assert margin.keep(pool)[0].tolist() == kept


def test_a_relative_margin_below_a_negative_score_lies_lower_still() -> None:
    pool = make_pool([[-0.39, -0.41, -0.45]], [[-0.4]])
    assert Margin(relative=0.1).keep(pool)[0].tolist() == [False, False, True]


def test_windows_keep_their_borders() -> None:
    pool = make_pool([[0.9, 0.5, 0.25, 0.0]], [[0.9]])
    assert Rank(first=2, last=3).keep(pool)[0].tolist() == [False, True, True, False]
    assert Score(min=0.25, max=0.5).keep(pool)[0].tolist() == [False, True, True, False]


def test_siblings_are_dropped_by_a_filter_and_by_a_guard_where_they_overlap() -> None:
    codes = np.array([[Sibling.NONE, Sibling.SAME_DOCUMENT, Sibling.OVERLAPPING]], np.uint8)
    pool = make_pool([[0.9, 0.5, 0.25]], [[0.9]], sibling=codes)
    assert SameDocument().keep(pool)[0].tolist() == [True, False, False]
    assert OverlapGuard().keep(pool)[0].tolist() == [True, True, False]


def test_each_verdict_names_the_first_filter_that_said_no_and_all_add_up() -> None:
    match = np.array([[Match.SAME_ID, Match.NONE, Match.NONE, Match.NONE]], np.uint8)
    rows = np.array([[0, 1, 2, PADDING]])
    pool = make_pool([[0.9, 0.8, 0.3, -np.inf]], [[0.8]], match=match, rows=rows)
    verdicts = judge(pool, (*GUARDS, Margin(relative=0.05), Rank(last=2)))
    assert verdicts.tolist() == [
        [FIRST_REJECTION, FIRST_REJECTION + len(GUARDS), FIRST_REJECTION + len(GUARDS) + 1, PADDED]
    ]
    assert judge(pool, ()).tolist() == [[KEPT, KEPT, KEPT, PADDED]]


def test_denoising_believes_the_cross_encoder_and_passes_what_it_did_not_score() -> None:
    evidence = {
        "teacher": np.array([[0.95, 0.75, np.nan, 0.2]], np.float32),
        "teacher_relevant": np.array([[0.3, 0.8, 0.9]], np.float32),
    }
    pool = make_pool([[0.9, 0.8, 0.7, 0.6]], [[0.9]], evidence=evidence)
    assert Denoise().keep(pool)[0].tolist() == [False, True, True, True]
    assert Denoise(absolute=0.1).keep(pool)[0].tolist() == [False, False, True, True]
    assert Denoise(max=0.1).keep(pool)[0].tolist() == [False, False, True, False]
    with pytest.raises(ConfigError, match="--teacher"):
        Denoise().keep(make_pool([[0.9]], [[0.9]]))


@pytest.mark.parametrize(
    ("risk", "kept"),
    [
        ([0.1, 0.9, 0.2, 0.3, 0.8], [True, False, True, True, True]),
        ([0.0001, 0.0009, 0.0002, 0.0003, 0.0008], [True, False, True, True, True]),
        ([0.1, 0.9, 0.9, 0.3, 0.8], [True, True, True, True, True]),
        ([0.5, 0.5, 0.5, 0.5, 0.5], [True, True, True, True, True]),
    ],
)
def test_the_riskiest_are_dropped_whatever_the_size_of_the_estimates(
    risk: list[float], kept: list[bool]
) -> None:
    pool = make_pool([[0.9, 0.8, 0.7, 0.6, 0.5]], [[0.9]], risk=np.array([risk], np.float32))
    assert DropRiskiest(share=0.2).keep(pool)[0].tolist() == kept


def test_what_matches_or_overlaps_a_relevant_passage_does_not_count_among_the_riskiest() -> None:
    scores, risk = np.full((1, 6), 0.5), np.array([[1.0, 0.9, 0.8, 0.4, 0.2, 0.1]], np.float32)
    match = np.array([[Match.SAME_TEXT, 0, 0, 0, 0, 0]], np.uint8)
    sibling = np.array([[0, Sibling.OVERLAPPING, 0, 0, 0, 0]], np.uint8)
    pool = make_pool(scores, [[0.9]], risk=risk, match=match, sibling=sibling)
    assert DropRiskiest(share=0.25).keep(pool)[0, 2:].tolist() == [False, True, True, True]


def test_searching_deeper_changes_nothing_about_the_first_hundred() -> None:
    rng = np.random.default_rng(3)
    risk = rng.uniform(0, 1, (2, 300)).astype(np.float32)
    deep = make_pool(np.full((2, 300), 0.5), [[0.9], [0.9]], risk=risk)
    flat = make_pool(np.full((2, 100), 0.5), [[0.9], [0.9]], risk=risk[:, :100])
    kept = DropRiskiest().keep(deep)
    np.testing.assert_array_equal(kept[:, :100], DropRiskiest().keep(flat))
    assert (~kept[:, :100]).sum(axis=1).tolist() == [5, 5]
    assert risk[:, 100:][kept[:, 100:]].max() <= risk[:, :100][kept[:, :100]].max()


def test_a_single_candidate_is_kept_and_a_share_of_all_refused() -> None:
    assert DropRiskiest().keep(make_pool([[0.9]], [[0.9]], risk=np.array([[0.9]], np.float32))).all()
    with pytest.raises(ConfigError, match="more than 0 and less than 1"):
        DropRiskiest(share=1)


@pytest.mark.parametrize("name", [*FILTERS, *SELECTORS])
def test_every_filter_and_selector_says_in_words_what_it_does(name: str) -> None:
    assert len((FILTERS | SELECTORS)[name].reason) > 10
