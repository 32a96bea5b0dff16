from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from miner.data import Row
from miner.reranking.evaluate import Comparison
from miner.reranking.intervals import Interval
from miner.storage.files import write_jsonl
from miner.training.advice import TrainOutcome, advise
from miner.training.check import FalseShare, TrainCheck, check_rows, false_share
from miner.training.estimate import estimate
from miner.training.plan import TrainPlan
from tests.support.tiny_models import make_rows, write

PLAN = TrainPlan("bi", "own", 2, 3e-5, 8, 128, "fp32", 0, ())
GOOD = TrainCheck(1_000, 1_000, (5.0, 5, 5), 0, 400, None)
MIDDLE = TrainOutcome(steps=90, planned=90, best_step=60)


def compared(base: float = 0.7, low: float = -0.01, high: float = 0.02) -> Comparison:
    change = Interval((low + high) / 2, low, high)
    return Comparison(400, 300, 6.0, (base,) * 4, (base,) * 4, (change,) * 4)


def advice(
    found: Comparison, check: TrainCheck = GOOD, plan: TrainPlan = PLAN, outcome: TrainOutcome = MIDDLE
) -> str:
    return advise(found, check, plan, outcome)


def test_after_a_gain_nothing_is_advised() -> None:
    assert advice(compared(low=0.01)) == ""


def test_a_collapse_asks_for_a_lower_rate() -> None:
    assert "--learning-rate 1.5e-05" in advice(compared(), outcome=replace(MIDDLE, warnings=("flat",)))


def test_false_negatives_ask_for_cleaner_rows() -> None:
    dirty = replace(GOOD, false=FalseShare(0.4, 0.3, 0.5, 100))
    assert "40.0% of the negatives answer their query (30.0% to 50.0%; 100 judged)" in advice(
        compared(), dirty
    )
    assert "cleaner" not in advice(compared(), replace(GOOD, false=FalseShare(0.1, 0.1, 0.1)))


def test_few_rows_ask_a_fresh_cross_encoder_to_be_something_else() -> None:
    combined = replace(PLAN, arch="combined")
    assert advice(compared(), replace(GOOD, rows=400), combined).startswith("try --arch bi")
    assert "--arch" not in advice(compared(), GOOD, combined)


def test_a_base_model_at_the_ceiling_asks_for_something_harder() -> None:
    assert "--index" in advice(compared(base=0.97))


def test_a_wide_interval_asks_for_so_many_rows_as_would_show_something() -> None:
    found = advice(compared(low=-0.1, high=0.1))
    assert found == "judge on more rows: 400 rows show no change below 0.10; about 10,000 would show 0.02"


def test_few_rows_or_few_negatives_ask_for_more() -> None:
    assert advice(compared(), replace(GOOD, rows=100)).startswith("mine more queries")
    assert "-n 5" in advice(compared(), replace(GOOD, negatives=(1.0, 1, 1)))


def test_when_the_best_state_was_reached_says_what_to_change() -> None:
    assert advice(compared(), outcome=replace(MIDDLE, best_step=90)).startswith("try --epochs 4")
    assert advice(compared(), outcome=replace(MIDDLE, best_step=10)).startswith("try --learning-rate 1.5e-05")


def test_where_nothing_stands_out_that_is_said() -> None:
    assert "miner compare" in advice(compared())


def receipts(path: Path, rows: list[Row], risk: float | None) -> None:
    lines = [
        {
            "query": row.query,
            "relevant": [{} for _ in row.relevant_passages],
            "negatives": [{"id": None, "risk": risk} for _ in row.hard_negatives],
        }
        for row in rows
    ]
    write_jsonl(path.with_suffix(".receipts.jsonl"), lines)


def test_false_negatives_are_estimated_by_receipts_and_measured_by_judgments(tmp_path: Path) -> None:
    rows = make_rows(20)
    path = write(tmp_path / "train.jsonl", rows)
    assert false_share(path) is None
    receipts(path, rows, 0.25)
    assert false_share(path) == FalseShare(0.25, 0.25, 0.25)
    lines = [
        {"query": row.query, "passage": text, "verdict": "answers" if i < 10 else "no"}
        for i, row in enumerate(rows)
        for text in row.hard_negatives
    ]
    judgments = path.with_suffix(".judgments.jsonl")
    write_jsonl(judgments, lines[:15])
    assert false_share(path) == FalseShare(0.25, 0.25, 0.25)
    write_jsonl(judgments, lines)
    found = false_share(path)
    assert found is not None
    assert (found.rate, found.judged) == (0.5, 60)
    assert any(
        sentence.startswith("50.0% of the negatives answer") and "`miner relabel`" in sentence
        for sentence in check_rows(path, rows, 8).sentences()
    )


def test_without_risks_in_the_receipts_nothing_is_estimated(tmp_path: Path) -> None:
    rows = make_rows(20)
    path = write(tmp_path / "train.jsonl", rows)
    receipts(path, rows, None)
    assert false_share(path) is None


def test_receipts_of_other_rows_do_not_keep_anybody_from_training(tmp_path: Path) -> None:
    path = write(tmp_path / "train.jsonl", make_rows(20))
    receipts(path, make_rows(20, seed=9), 0.1)
    found = check_rows(path, make_rows(20), 8)
    assert found.false is None
    assert "does not fit it" in found.sentences()[-1]


def test_rows_of_a_query_and_what_they_contradict_are_counted(tmp_path: Path) -> None:
    rows = [Row("a", ("x",), ("y", "z")), Row("A?", ("y.",), ()), Row("b", ("y",), ("x",))]
    said = check_rows(write(tmp_path / "train.jsonl", rows), rows, 8).sentences()
    assert said[0] == "3 training rows of 2 queries, 1.0 negatives a row (0 to 2); 8 rows to judge by"
    assert said[1].startswith("1 negative is a relevant passage of their query in another row")


def test_the_estimate_is_made_of_what_is_read_and_of_looks_on_the_way() -> None:
    from miner.reranking.tasks import tasks_of

    rows = [
        Row(f"q{i:08}?", (f"relevant {i:91}", f"another  {i:91}"), ("a" * 200, "b" * 300)) for i in range(80)
    ]
    tasks = tasks_of([Row(f"k{i:08}?", (f"relevant {i:91}",), ("a" * 200,)) for i in range(10)])
    judged = 10 * (10 + 100) + 200
    expected = estimate(rows, tasks, replace(PLAN, loss="own"), steps=10, planned=20, looks=4.0, read=5.0)
    texts = 2 * 80 * (10 + 2 * 100 + 500)
    batches = 80 / PLAN.batch_size
    distinct = (80 * 2 * 100 + batches * 500) / (80 * (2 * 100 + 500))
    assert expected.seconds == pytest.approx((texts * 5 / judged * 4 * 0.93 * distinct + 4 * 5) / 2)
    twice = 2 * 80 * 2 * (10 + 100 + 500)
    found = estimate(rows, tasks, replace(PLAN, loss="in-batch"), steps=20, planned=20, looks=0.0, read=5.0)
    assert found.seconds == pytest.approx(twice * 5 / judged * 4 * 0.93)
    cross = replace(PLAN, arch="cross", loss="listwise", random_negatives=1)
    pairs = 2 * 80 * (5 * 10 + 3 * 100 + 500)
    found = estimate(rows, tasks, cross, steps=20, planned=20, looks=0.0, read=0.5)
    assert found.seconds == pytest.approx(pairs * 0.5 / (10 * (2 * 10 + 300)) * 4 * 0.93)
    assert str(found) == "training will take about 1m19s: 20 steps of about 4.0 s"


def test_looks_at_a_cross_encoder_begun_from_an_encoder_read_pairs_too_and_are_estimated_so() -> None:
    from miner.reranking.tasks import tasks_of

    rows = [Row("q" * 10, ("r" * 100,), ("a" * 100,))]
    tasks = tasks_of([Row(f"k{i:09}", (f"{i:100}",), (f"n{i:99}",)) for i in range(10)])
    texts, pairs = 10 * 210, 10 * 220
    plan = replace(PLAN, arch="combined", loss="listwise")
    seconds = [estimate(rows, tasks, plan, 10, 10, looks, read=texts / 100).seconds for looks in (0.0, 3.0)]
    assert seconds[1] - seconds[0] == pytest.approx(3 * (texts + pairs) / 100)
