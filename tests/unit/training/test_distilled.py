from __future__ import annotations

import json
from pathlib import Path

import pytest

from miner.data import Row
from miner.errors import ConfigError, InputError
from miner.formats.cohere import write_rows
from miner.reranking import load_reranker
from miner.training.distilled import scored_rows, teacher_scores
from miner.training.plan import TrainSettings
from miner.training.train import train
from tests.support.tiny_models import make_cross_encoder, make_encoder, make_rows, write

FAST = {"learning_rate": 5e-3, "epochs": 6, "max_length": 32}


def with_receipts(path: Path, rows: list[Row], right: float = 8.0, wrong: float = 0.0) -> Path:
    """Rows whose teacher knows the right passage."""
    write_rows(path, rows)
    receipts = [
        {
            "query": row.query,
            "relevant": [{"teacher": right} for _ in row.relevant_passages],
            "negatives": [{"teacher": wrong} for _ in row.hard_negatives],
        }
        for row in rows
    ]
    lines = "".join(json.dumps(receipt) + "\n" for receipt in receipts)
    path.with_suffix(".receipts.jsonl").write_text(lines)
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    make_encoder(folder / "encoder")
    make_cross_encoder(folder / "cross")
    return folder


@pytest.mark.parametrize("loss", ["kl", "margin-mse"])
def test_an_encoder_learns_the_order_of_its_teacher(models: Path, tmp_path: Path, loss: str) -> None:
    rows = with_receipts(tmp_path / "train.jsonl", make_rows(96))
    held_out = write(tmp_path / "eval.jsonl", make_rows(48, seed=1))
    settings = TrainSettings(model=str(models / "encoder"), loss=loss, **FAST)  # type: ignore[arg-type]
    training = train(rows, tmp_path / "model", held_out, settings)
    assert training.plan.loss == loss
    assert training.comparison.primary.low > 0.1


@pytest.mark.parametrize("loss", ["kl", "margin-mse"])
def test_a_cross_encoder_learns_scores_too(models: Path, tmp_path: Path, loss: str) -> None:
    rows = with_receipts(tmp_path / "train.jsonl", make_rows(32))
    held_out = write(tmp_path / "eval.jsonl", make_rows(16, seed=1))
    settings = TrainSettings(model=str(models / "cross"), loss=loss, **{**FAST, "epochs": 1})  # type: ignore[arg-type]
    assert train(rows, tmp_path / "model", held_out, settings).plan.loss == loss
    assert load_reranker(tmp_path / "model").arch == "cross"


def test_a_teacher_that_is_wrong_teaches_wrongly(models: Path, tmp_path: Path) -> None:
    rows = with_receipts(tmp_path / "train.jsonl", make_rows(96), right=0.0, wrong=8.0)
    held_out = write(tmp_path / "eval.jsonl", make_rows(48, seed=1))
    settings = TrainSettings(model=str(models / "encoder"), loss="kl", **FAST)  # type: ignore[arg-type]
    assert train(rows, tmp_path / "model", held_out, settings).kept == "base"


def test_rows_without_all_scores_are_left_out(tmp_path: Path) -> None:
    rows = [Row("q0", ("a",), ("b",)), Row("q1", ("c",), ("d", "e")), Row("q2", ("f",))]
    scores = {("q0", "a"): 1.0, ("q0", "b"): 0.0, ("q1", "c"): 1.0, ("q1", "d"): 0.0, ("q2", "f"): 1.0}
    assert scored_rows(rows, scores) == rows[:1]


def test_what_has_no_scores_is_refused_with_what_to_do(models: Path, tmp_path: Path) -> None:
    bare = write(tmp_path / "bare.jsonl", make_rows(32))
    with pytest.raises(InputError, match=r"bare\.jsonl: has no receipts beside it; mine with --teacher"):
        teacher_scores(bare)
    settings = TrainSettings(model=str(models / "encoder"), loss="kl", random_negatives=2)
    with pytest.raises(ConfigError, match="random negatives have no teacher's score"):
        train(bare, tmp_path / "model", bare, settings)
