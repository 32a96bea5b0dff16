"""Each number of the report against one worked out in another way."""

from __future__ import annotations

import random
import statistics as plain
from collections import Counter

import numpy as np
import pytest

from miner.data import Row
from miner.reporting import statistics
from miner.reporting.records import PassageEvidence, Receipt, Record
from miner.reporting.tally import ReportCounts, digest, tally


def tallied(*rows: tuple[str, list[str], list[str]]) -> ReportCounts:
    records = [
        Record(i + 1, Row(query, tuple(relevant), tuple(negatives)), None)
        for i, (query, relevant, negatives) in enumerate(rows)
    ]
    counted, _ = tally(records, measured=10, shown=10, seed=0)
    return counted


ROWS = tallied(
    ("a", ["r1", "r2"], ["n1", "n2", "n3"]),
    ("b", ["r1"], ["n1", "r2"]),
    ("a", ["r3"], []),
    ("c", ["r4", "n3"], ["n1", "n2", "n4"]),
)


def test_a_spread_is_that_of_the_standard_library() -> None:
    draw = random.Random(3)
    values = [draw.gauss(0.5, 0.2) for _ in range(1001)]
    found = statistics.spread(values)
    tenths = plain.quantiles(values, n=10, method="inclusive")
    assert found is not None
    assert found.count == 1001
    assert found.mean == pytest.approx(plain.fmean(values), abs=1e-12)
    assert (found.low, found.high) == (min(values), max(values))
    expected = (tenths[0], plain.median(values), tenths[8])
    assert (found.p10, found.median, found.p90) == pytest.approx(expected, abs=1e-12)


def test_no_values_have_no_spread() -> None:
    assert statistics.spread([]) is None


@pytest.mark.parametrize(
    ("low", "high"), [(0.13, 0.91), (-0.4, 0.2), (0, 1020), (0, 0.0003), (0.5, 0.5), (0, 7), (-1, 1)]
)
def test_a_grid_covers_its_values_in_equal_round_steps(low: float, high: float) -> None:
    edges = statistics.grid(low, high)
    steps = np.diff(edges)
    assert edges[0] <= low < edges[-1]
    assert edges[0] <= high < edges[-1]
    assert np.allclose(steps, steps[0])
    assert round(float(f"{steps[0]:e}".split("e")[0])) in (1, 2, 5)
    assert len(steps) <= 70


def test_a_grid_of_tokens_has_whole_steps() -> None:
    assert list(statistics.grid(0, 4, least=1)) == [0, 1, 2, 3, 4, 5]


def test_a_histogram_counts_every_value_once() -> None:
    draw = random.Random(5)
    values = [round(draw.random(), 3) for _ in range(500)]
    bins = statistics.histogram(values, statistics.grid(0, 1))
    assert sum(count for _, _, count in bins) == 500
    for low, high, count in bins:
        assert count == sum(low <= value < high for value in values)


def test_the_preview_counts_rows_and_averages_their_passages() -> None:
    found = statistics.preview("train.jsonl", ROWS)
    assert (found.queries, found.relevant_per_query, found.negatives_per_query) == (4, 6 / 4, 8 / 4)


def test_counts_tell_distinct_texts_and_passages_on_both_sides() -> None:
    found = statistics.counts(ROWS)
    assert (found.rows, found.distinct_queries) == (4, 3)
    assert (found.relevant, found.distinct_relevant) == (6, 5)
    assert (found.negatives, found.distinct_negatives) == (8, 5)
    assert found.both == 2
    assert (found.full, found.short_rows) == (3, 2)


def test_a_row_is_short_of_what_was_asked_for() -> None:
    assert statistics.counts(ROWS, asked=2).short_rows == 1
    assert statistics.counts(ROWS, asked=5).short_rows == 4


def test_an_empty_file_has_zeros() -> None:
    assert statistics.counts(ReportCounts()) == statistics.RowCounts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert statistics.preview("x", ReportCounts()).negatives_per_query == 0.0
    assert statistics.per_query([]) == ()


def test_per_query_lists_numbers_that_no_row_has() -> None:
    assert statistics.per_query([3, 0, 3, 1]) == ((0, 1), (1, 1), (2, 0), (3, 2))


def test_tokens_are_cut_from_the_passage_alone() -> None:
    found = statistics.tokens([10, 100, 510, 600], [500, 500, 100, 40], limit=510)
    assert found is not None
    assert found.over == 3
    assert found.lost == pytest.approx((90 / 500 + 100 / 100 + 40 / 40) / 3)
    assert (found.spread.low, found.spread.high) == (510, 640)


def test_tokens_that_fit_lose_nothing() -> None:
    found = statistics.tokens([1], [509], limit=510)
    assert found is not None
    assert (found.over, found.lost) == (0, 0.0)


def test_removals_are_shares_of_all_candidates_in_the_order_of_the_record() -> None:
    run = {"counts": {"candidates": 200, "rejected": {"match": 10, "margin(relative=0.05)": 50}}}
    assert [(r.filter, r.candidates, r.share) for r in statistics.removals(run)] == [
        ("match", 10, 0.05),
        ("margin(relative=0.05)", 50, 0.25),
    ]
    assert statistics.removals({}) == ()


def test_the_most_reused_come_first_and_ties_by_first_use() -> None:
    draw = random.Random(1)
    texts = [f"n{int(draw.expovariate(0.3))}" for _ in range(300)]
    counted = Counter(texts)
    expected = sorted(
        ((texts.index(text), uses) for text, uses in counted.items() if uses > 1),
        key=lambda pair: (-pair[1], pair[0]),
    )
    found = statistics.most_reused([digest(text) for text in texts], limit=5)
    assert [(reuse.place, reuse.uses) for reuse in found] == expected[:5]


def test_evidence_is_counted_where_a_receipt_gives_it() -> None:
    receipt = Receipt(
        (PassageEvidence(similarity=0.9),), (PassageEvidence(similarity=0.4, risk=0.1), PassageEvidence())
    )
    record = Record(1, Row("q", ("r",), ("n", "given")), receipt)
    counted, _ = tally([record, Record(2, Row("p", ("r",), ("n",)), None)], measured=1, shown=1, seed=0)
    assert list(counted.relevant_similarity) == [0.9]
    assert list(counted.negative_similarity) == [0.4]
    assert list(counted.risk) == [0.1]
    assert counted.receipts == 1
