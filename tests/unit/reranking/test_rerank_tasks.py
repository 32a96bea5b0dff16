from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from miner.corpus.columns import Columns
from miner.corpus.options import ReadOptions
from miner.data import Float32, Row
from miner.errors import ConfigError, InputError
from miner.formats.cohere import write_rows
from miner.reranking.evaluate import judge_both
from miner.reranking.score import Request
from miner.reranking.tasks import load_rows, measure, tasks_of


@dataclass(frozen=True)
class Words:
    """Scores by words in common, or by the opposite."""

    sign: int = 1
    arch: str = "bi"
    max_length: int = 64

    def score(self, query: str, documents: Sequence[str]) -> Float32:
        words = set(query.split())
        return np.array([self.sign * len(words & set(text.split())) for text in documents], np.float32)

    def score_all(self, requests: Sequence[Request]) -> list[Float32]:
        return [self.score(*request) for request in requests]

    def relevance(self, scores: Float32) -> Float32:
        return scores


def row(number: int) -> Row:
    return Row(f"a{number} b{number}", (f"a{number} b{number}",), (f"a{number} x", "y z"))


def test_rows_come_without_repeats_and_blank_negatives(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [Row("q", ("p", "p"), ("n", " ", "n"))])
    assert load_rows(tmp_path / "rows.jsonl") == [Row("q", ("p",), ("n",))]


def test_a_passage_that_is_relevant_and_negative_is_refused_with_its_line(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [Row("q", ("p",), ("n",)), Row("r", ("p",), ("n", "p"))])
    with pytest.raises(InputError, match="both a relevant passage and hard negatives of query 'r'") as caught:
        load_rows(tmp_path / "rows.jsonl")
    assert caught.value.line == 2


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b"\n")
    with pytest.raises(InputError, match="holds no queries"):
        load_rows(tmp_path / "rows.jsonl")


def test_a_row_without_negatives_gives_no_task() -> None:
    tasks = tasks_of([row(0), Row("q", ("p",))])
    assert [(task.query, task.documents, task.relevant) for task in tasks] == [
        ("a0 b0", ("a0 b0", "a0 x", "y z"), 1)
    ]


def test_measuring_gives_the_figures_of_each_task() -> None:
    tasks = tasks_of([row(i) for i in range(70)])
    assert measure(tasks, Words()).tolist() == [[1, 1, 1, 1]] * 70
    assert measure(tasks, Words(-1)).tolist() == [[0, 1, pytest.approx(1 / 3), 0.5]] * 70


def test_a_better_model_is_called_a_gain_and_a_worse_one_a_loss() -> None:
    tasks = tasks_of([row(i) for i in range(30)])
    better, worse = judge_both(tasks, Words(), Words(-1)), judge_both(tasks, Words(-1), Words())
    assert [better.primary.verdict, worse.primary.verdict] == ["gain", "loss"]
    assert better.record()["metrics"]["Accuracy@1"] == {
        "base": 0, "tuned": 1, "change": 1, "low": 1, "high": 1, "verdict": "gain"
    }  # fmt: skip
    assert (better.queries, better.clusters, better.documents) == (30, 30, 3)


def test_the_same_model_shows_no_difference() -> None:
    tasks = tasks_of([row(i) for i in range(30)])
    assert {change.verdict for change in judge_both(tasks, Words(), Words()).changes} == {
        "no difference shown"
    }


def test_nothing_to_choose_among_is_refused() -> None:
    with pytest.raises(ConfigError, match="--index"):
        judge_both(tasks_of([Row("q", ("p",))]), Words(), Words())


def test_rows_come_in_any_shape_and_what_cannot_be_used_is_noted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Frage,positive,negative_1,negative_2\nq,p,n,\nr,,x,y\n")
    options = ReadOptions(columns=Columns.parse("query=Frage"))
    assert load_rows(tmp_path / "t.csv", options) == [Row("q", ("p",), ("n",))]
    assert [note.line for note in options.notes.listed] == [3]
    (tmp_path / "t.jsonl").write_text('{"query": "q", "pos": ["p"], "neg": ["n", " "]}\n')
    assert load_rows(tmp_path / "t.jsonl") == [Row("q", ("p",), ("n",))]


def test_rows_beside_receipts_are_read_strictly(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"query": "q", "relevant_passages": ["p"], "id": 1}\n')
    assert load_rows(tmp_path / "rows.jsonl") == [Row("q", ("p",))]
    (tmp_path / "rows.receipts.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match="has the field 'id'"):
        load_rows(tmp_path / "rows.jsonl")
