from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from ir_measures import RR, Success, nDCG

from miner.reranking.metrics import METRICS, judge

MEASURES = (Success @ 1, Success @ 3, RR @ 10, nDCG @ 10)


def arrays(scores: list[float], relevant: list[int]) -> list[float]:
    figures: list[float] = judge(np.array(scores, np.float32), np.array(relevant, bool)).tolist()
    return figures


def test_a_relevant_passage_on_top_gives_the_highest_figures() -> None:
    assert arrays([0.9, 0.1, 0.5], [1, 0, 0]) == [1, 1, 1, 1]


def test_figures_of_a_relevant_passage_in_second_place() -> None:
    assert arrays([0.5, 0.9, 0.1], [1, 0, 0]) == pytest.approx([0, 1, 0.5, 1 / np.log2(3)])


def test_all_passages_scored_the_same_put_the_relevant_one_last() -> None:
    assert arrays([0.5] * 4, [1, 0, 0, 0]) == pytest.approx([0, 0, 0.25, 1 / np.log2(5)])


def test_the_order_of_documents_does_not_decide_a_tie() -> None:
    assert arrays([0.5, 0.5, 0.1], [1, 0, 0]) == arrays([0.5, 0.5, 0.1], [0, 1, 0])


def test_beyond_rank_ten_nothing_counts() -> None:
    assert arrays([0.0, *range(1, 11)], [1, *[0] * 10]) == [0, 0, 0, 0]


def test_figures_agree_with_ir_measures() -> None:
    random = np.random.default_rng(0)
    for case in range(60):
        size = int(random.integers(2, 40))
        scores = random.permutation(size).astype(np.float32)
        relevant = random.random(size) < random.choice([0.1, 0.4])
        relevant[random.integers(size)] = True
        qrels = [ir_measures.Qrel("q", f"d{i}", int(mark)) for i, mark in enumerate(relevant)]
        run = [ir_measures.ScoredDoc("q", f"d{i}", float(score)) for i, score in enumerate(scores)]
        expected = ir_measures.calc_aggregate(MEASURES, qrels, run)
        ours = dict(zip(METRICS, judge(scores, relevant), strict=True))
        assert ours == {
            name: pytest.approx(expected[measure]) for name, measure in zip(METRICS, MEASURES, strict=True)
        }, case
