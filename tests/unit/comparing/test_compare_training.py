from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import miner
from miner.comparing.contest import ContestSettings
from miner.data import Row
from miner.errors import ConfigError, Inseparable
from miner.training.plan import TrainSettings
from tests.support.commandline import call
from tests.support.tiny_models import make_encoder, make_rows, write

FAST = {"learning_rate": 5e-3, "epochs": 6, "max_length": 32, "loss": "own"}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("models") / "encoder")


def swapped(rows: list[Row]) -> list[Row]:
    """Negatives that answer: the relevant passage's word with other words beside it."""
    right = [row.relevant_passages[0].split()[0] for row in rows]
    return [
        replace(row, hard_negatives=tuple(f"{word} w{i} w{j}" for i in range(3)))
        for j, (row, word) in enumerate(zip(rows, right, strict=True), 3)
    ]


def settings(encoder: Path, **asked: object) -> ContestSettings:
    made = TrainSettings(model=str(encoder), **{**FAST, **asked})  # type: ignore[arg-type]
    return ContestSettings(made, seeds=2, rows=60)


def test_the_file_with_the_better_negatives_trains_better(encoder: Path, tmp_path: Path) -> None:
    rows = make_rows(60)
    a, b = write(tmp_path / "a.jsonl", rows), write(tmp_path / "b.jsonl", swapped(rows))
    told: list[str] = []
    found = miner.compare(a, b, model="hashing", train=settings(encoder), tell=told.append).contest
    assert found is not None
    assert found.better == "a"
    assert found.between.primary.high < 0
    assert found.from_untouched[0].primary.mean > 0 > found.from_untouched[1].primary.mean
    assert found.record()["from_a_to_b"]["metrics"]["nDCG@10"]["verdict"] == "loss"
    assert "seed 0: trains twice on 48 queries, judges on 12" in told
    assert any(note.startswith("about ") and " are left for 4 trainings of 36 steps" in note for note in told)


def test_equal_files_train_equal_models(encoder: Path, tmp_path: Path) -> None:
    rows = make_rows(40)
    a, b = write(tmp_path / "a.jsonl", rows), write(tmp_path / "b.jsonl", rows)
    found = miner.compare(a, b, model="hashing", train=settings(encoder, epochs=1)).contest
    assert found is not None
    assert found.better is None
    assert (found.between.primary.low, found.between.primary.high) == (0, 0)


def test_both_models_take_the_same_steps(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = make_rows(40)
    more = [replace(row, relevant_passages=(*row.relevant_passages, f"{row.query} w0")) for row in rows]
    a, b = write(tmp_path / "a.jsonl", rows), write(tmp_path / "b.jsonl", more)
    taken: list[tuple[int, int]] = []

    def fit(model: object, data: object, plan: object, folder: Path, recorder: object, *rest: object) -> int:
        assert isinstance(rest[1], int)
        taken.append((rest[1], len(taken)))
        return rest[1]

    monkeypatch.setattr("miner.training.fit.fit", fit)
    found = miner.compare(a, b, model="hashing", train=settings(encoder, epochs=1)).contest
    assert found is not None
    assert [steps for steps, _ in taken] == [4, 4, 4, 4]
    assert found.better is None


def test_held_out_queries_choose_among_what_answers_others_and_no_negatives(
    encoder: Path, tmp_path: Path
) -> None:
    rows = make_rows(40)
    a, b = write(tmp_path / "a.jsonl", rows), write(tmp_path / "b.jsonl", swapped(rows))
    found = miner.compare(a, b, model="hashing", train=settings(encoder, epochs=1)).contest
    assert found is not None
    assert found.between.documents == 40


def test_too_few_queries_cannot_be_held_out(encoder: Path, tmp_path: Path) -> None:
    rows = make_rows(20)
    a, b = write(tmp_path / "a.jsonl", rows), write(tmp_path / "b.jsonl", rows)
    with pytest.raises(
        Inseparable, match="found 20 different queries; 16 for training and 8 for evaluation need 24"
    ):
        miner.compare(a, b, model="hashing", train=settings(encoder))
    with pytest.raises(ConfigError, match="training needs vectors"):
        miner.compare(a, b, model="receipts", train=settings(encoder))


def test_the_command_says_which_file_trains_better(
    encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = make_rows(30)
    a, b = write(tmp_path / "a.jsonl", rows), write(tmp_path / "b.jsonl", rows)
    found = call(
        capsys, "compare", a, b, "--model", "hashing", "--train", "--base", encoder,
        "--epochs", 1, "--seeds", 1,
    )  # fmt: skip
    assert found.code == 0, found.err
    assert found.err.splitlines()[-1].startswith("no difference shown: nDCG@10 of B less that of A is +0.000")
    assert "trained on A" in found.out
