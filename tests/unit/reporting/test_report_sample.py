"""The report's sample of rows and its groups of queries."""

from __future__ import annotations

import numpy as np
import pytest

from miner.data import Row
from miner.encoders import HashingEncoder
from miner.reporting.measure import Gauge, lengths, paraphrases
from miner.reporting.paraphrase import clusters, distinct, lexical_vectors
from miner.reporting.records import Record
from miner.reporting.tally import tally


def records(count: int) -> list[Record]:
    return [Record(line, Row(f"q{line}", ("r",), ()), None) for line in range(1, count + 1)]


def test_a_sample_is_drawn_without_repeats_and_in_the_files_order() -> None:
    _, sample = tally(records(500), measured=60, shown=20, seed=4)
    lines = [record.line for record in sample.measured]
    assert len(set(lines)) == 60
    assert lines == sorted(lines)
    assert {record.line for record in sample.shown} <= set(lines)
    assert len(sample.shown) == 20


def test_a_sample_depends_on_its_seed_alone() -> None:
    first, again, other = (
        [r.line for r in tally(records(500), measured=60, shown=0, seed=seed)[1].measured]
        for seed in (4, 4, 5)
    )
    assert first == again
    assert first != other


def test_every_row_is_equally_likely_to_be_drawn() -> None:
    drawn = np.zeros(50)
    for seed in range(400):
        for record in tally(records(50), measured=10, shown=0, seed=seed)[1].measured:
            drawn[record.line - 1] += 1
    assert drawn.mean() == 80
    assert np.abs(drawn - 80).max() < 4.5 * np.sqrt(400 * 0.2 * 0.8)


def test_rows_asked_for_are_shown_whether_drawn_or_not() -> None:
    _, sample = tally(records(300), measured=5, shown=5, seed=0, wanted={7, 299})
    assert {7, 299} <= {record.line for record in sample.shown}
    assert len(sample.shown) <= 7


def test_a_small_file_is_shown_whole() -> None:
    _, sample = tally(records(3), measured=10, shown=10, seed=0)
    assert [record.line for record in sample.shown] == [1, 2, 3]


def test_members_of_a_cluster_resemble_its_centre_and_no_free_row_is_left_beside_one() -> None:
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(300, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = clusters(vectors, 0.95)
    taken = [row for group in groups for row in group]
    assert len(taken) == len(set(taken))
    assert [len(group) for group in groups] == sorted((len(group) for group in groups), reverse=True)
    for centre, *members in groups:
        assert all(float(vectors[centre] @ vectors[row]) >= 0.95 for row in members)
    free = [row for row in range(300) if row not in taken]
    alike = vectors[free] @ vectors[free].T
    assert (alike - np.eye(len(free)) < 0.95).all()


def test_a_chain_is_not_one_cluster() -> None:
    angles = np.deg2rad([0, 20, 40, 60, 80])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert clusters(vectors, 0.93) == [[1, 0, 2], [3, 4]]


def test_queries_that_differ_in_a_frequent_word_are_near_paraphrases() -> None:
    things = ("invoice", "membership", "calendar", "payout", "gift card", "desk", "badge", "locker")
    asked = [f"how do I cancel my {thing}" for thing in things]
    again = ["how can I cancel my membership", "is there a way to export receipts"]
    groups = clusters(lexical_vectors([*asked, *again]), 0.8)
    assert groups == [[1, 8]]


def test_queries_alike_but_for_case_and_space_are_one() -> None:
    assert distinct(["How  now", "how now ", "why", "How now"]) == ["How  now", "why"]


def test_paraphrases_name_their_method_and_count_their_queries() -> None:
    asked = ["pause my plan now", "pause my plan now please", "export all receipts", "Export all receipts"]
    rows = [Record(i + 1, Row(query, ("r",)), None) for i, query in enumerate(asked)]
    by_words = paraphrases(rows, None)
    assert (by_words.queries, by_words.rows) == (3, 4)
    assert "n-grams" in by_words.method
    assert not by_words.by_meaning
    by_vectors = paraphrases(rows, HashingEncoder())
    assert "hashing" in by_vectors.method
    assert by_vectors.threshold == 0.9


def test_lengths_are_of_query_and_passage_together() -> None:
    row = Row("one two", ("a b c",), ("d " * 600, "e"))
    found = lengths([Record(1, row, None)], Gauge("words", HashingEncoder().count_tokens))
    assert found.relevant is not None
    assert found.negatives is not None
    assert found.relevant.spread.mean == 5
    assert (found.negatives.spread.low, found.negatives.spread.high) == (3, 602)
    assert found.negatives.over == 1
    assert found.negatives.lost == pytest.approx((602 - 510) / 600)
    assert sum(count for _, _, count in found.negative_bins) == 2


def test_pairs_far_over_the_limit_stand_in_the_last_bin() -> None:
    row = Row("q", ("a " * 5000,), ())
    found = lengths([Record(1, row, None)], Gauge("words", HashingEncoder().count_tokens))
    low, high, count = found.relevant_bins[-1]
    assert count == 1
    assert low <= 1020 < high
    assert found.relevant is not None
    assert found.relevant.spread.high == 5001
