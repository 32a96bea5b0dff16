"""Training that cannot make a model worse unseen."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from miner.cli import application
from miner.errors import MinerError
from miner.progress import Clock
from miner.reranking.evaluate import evaluate
from miner.reranking.score import BiReranker
from miner.reranking.tasks import tasks_of
from miner.training import losses, plan
from miner.training.plan import TrainSettings
from miner.training.train import Training, train
from miner.training.watch import BestKept, CollapseAlarm, Glance, ModelWatch
from miner.training.workspace import Workspace, read_metrics
from tests.support.tiny_models import make_cross_encoder, make_encoder, make_plain_rows, make_rows, write

FAST = {"learning_rate": 5e-3, "epochs": 6, "max_length": 32}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    make_encoder(folder / "encoder")
    make_cross_encoder(folder / "cross")
    write(folder / "train.jsonl", make_rows(96))
    write(folder / "eval.jsonl", make_rows(48, seed=1))
    return folder


def run(world: Path, output: Path, model: str = "encoder", **asked: Any) -> Training:
    clock, tell = asked.pop("clock", None), asked.pop("tell", lambda note: None)
    settings = TrainSettings(model=str(world / model), **{**FAST, **asked})
    return train(world / "train.jsonl", output, world / "eval.jsonl", settings, clock, tell)


@pytest.mark.parametrize(("model", "arch"), [("encoder", "bi"), ("cross", "cross"), ("encoder", "cross")])
def test_training_and_evaluating_find_the_same_figures_in_mixed_precision(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, arch: str
) -> None:
    monkeypatch.setattr(plan, "precision", lambda: "bf16")
    training = run(world, tmp_path / "model", model, arch=arch, epochs=2)
    assert training.plan.precision == "bf16"
    by_itself = evaluate(tmp_path / "model", world / "eval.jsonl", base=world / model)
    if training.kept == "tuned":
        assert by_itself.tuned == training.comparison.tuned
    best = training.outcome.best_step
    (seen,) = (
        r for r in read_metrics(tmp_path / "model" / "metrics.jsonl") if r["step"] == best and "MRR@10" in r
    )
    names = ("Accuracy@1", "Accuracy@3", "MRR@10", "nDCG@10")
    assert [seen[name] for name in names] == pytest.approx(training.comparison.tuned, abs=1e-6)


def test_the_best_state_is_kept_and_told(world: Path, tmp_path: Path) -> None:
    training = run(world, tmp_path / "model", patience=0)
    judged = {
        r["step"]: r["nDCG@10"] for r in read_metrics(tmp_path / "model" / "metrics.jsonl") if "nDCG@10" in r
    }
    del judged[0]
    assert training.outcome.steps == training.outcome.planned == max(judged)
    assert training.outcome.best_step == max(judged, key=lambda step: (judged[step], -step))
    assert training.comparison.tuned[3] == pytest.approx(max(judged.values()), abs=1e-6)
    record = json.loads((tmp_path / "model" / "training.json").read_text())
    assert record["outcome"]["best_step"] == training.outcome.best_step


def test_training_ends_where_nothing_more_is_gained(world: Path, tmp_path: Path) -> None:
    wrong = write(tmp_path / "wrong.jsonl", [
        replace(row, relevant_passages=row.hard_negatives[:1], hard_negatives=row.relevant_passages)
        for row in make_plain_rows(64)
    ])  # fmt: skip
    held_out = write(tmp_path / "eval.jsonl", make_plain_rows(16, seed=1))
    settings = TrainSettings(model=str(world / "encoder"), **{**FAST, "epochs": 20}, patience=2)  # type: ignore[arg-type]
    training = train(wrong, tmp_path / "model", held_out, settings)
    assert training.outcome.early
    assert training.outcome.steps < training.outcome.planned
    assert training.kept == "base"
    assert "and ended early" in training.sentences()[0]
    assert training.advice in training.sentences()


def test_how_long_it_takes_is_told_before_the_first_step(world: Path, tmp_path: Path) -> None:
    told: list[str] = []

    class Listening(Clock):
        def advance(self, stage: Any, items: int, tokens: int = 0) -> None:
            if stage.name == "train" and "began" not in told:
                told.append("began")

    training = run(world, tmp_path / "model", epochs=1, clock=Listening(), tell=told.append)
    said = told[: told.index("began")]
    assert any(note.startswith("training will take about") and ": 6 steps of about" in note for note in said)
    assert any("has not risen 4 times in a row" in note for note in said)
    assert "96 training rows, 3.0 negatives a row; 48 rows to judge by" in said
    assert training.timing.steps == 6
    assert training.sentences()[0].startswith("trained 6 steps in")


class PressingCtrlC(Clock):
    """Does what Ctrl-C does while a step of training is at hand.

    The handler is called, no signal sent: the process is that of many other tests.
    """

    def __init__(self, step: int) -> None:
        super().__init__()
        self.left = step

    def advance(self, stage: Any, items: int, tokens: int = 0) -> None:
        if stage.name == "train":
            self.left -= items
            if self.left == 0:
                handler = signal.getsignal(signal.SIGINT)
                assert callable(handler)
                handler(signal.SIGINT, None)


def test_ctrl_c_leaves_a_checkpoint_from_which_the_same_command_goes_on(world: Path, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(
        KeyboardInterrupt, match="stopped after step 7 of 12; the same command goes on from there"
    ):
        run(world, tmp_path / "model", epochs=2, clock=PressingCtrlC(7))
    assert signal.getsignal(signal.SIGINT) is before
    last = Workspace(tmp_path / "model").latest()
    assert last is not None
    assert last.name == "checkpoint-7"
    told: list[str] = []
    run(world, tmp_path / "model", epochs=2, tell=told.append)
    assert "goes on after step 7 of 12" in told
    run(world, tmp_path / "whole", epochs=2)
    ours, theirs = (
        [
            {k: v for k, v in r.items() if k != "seconds"}
            for r in read_metrics(tmp_path / name / "metrics.jsonl")
        ]
        for name in ("model", "whole")
    )
    assert ours == theirs
    one, other = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("model", "whole"))
    assert one == other


def test_on_the_command_line_ctrl_c_is_one_sentence_and_code_130(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("miner.progress.Clock", lambda progress: PressingCtrlC(3))
    words = ["train", world / "train.jsonl", "--eval", world / "eval.jsonl", "-o", tmp_path / "m", "--model"]
    found = CliRunner().invoke(
        application(), [*map(str, words), str(world / "encoder"), "--max-length", "32"]
    )
    assert found.exit_code == 130
    assert found.stderr.splitlines()[-1] == (
        "error: stopped after step 3 of 18; the same command goes on from there"
    )


def test_a_loss_that_is_no_number_ends_training_and_leaves_nothing(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = losses.LossOfDistinct.forward

    def forward(self: Any, features: Any, labels: Any) -> Any:
        return whole(self, features, labels) * float("nan")

    monkeypatch.setattr(losses.LossOfDistinct, "forward", forward)
    with pytest.raises(
        MinerError, match="broke down and there is nothing to keep: at step 1 loss or scores are no"
    ):
        run(world, tmp_path / "model", loss="own")
    assert list(tmp_path.iterdir()) == []


def test_the_best_state_outlives_a_break_down(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, calls = losses.LossOfDistinct.forward, []

    def forward(self: Any, features: Any, labels: Any) -> Any:
        calls.append(1)
        return whole(self, features, labels) * (float("nan") if len(calls) > 40 else 1)

    monkeypatch.setattr(losses.LossOfDistinct, "forward", forward)
    training = run(world, tmp_path / "model", loss="own")
    assert training.outcome.steps == 41
    assert 0 < training.outcome.best_step <= 40
    assert any("at step 41 loss or scores are no numbers" in note for note in training.notes)
    assert np.isfinite(training.comparison.tuned).all()


def test_the_best_is_the_first_of_equals_and_looks_without_gain_are_counted(tmp_path: Path) -> None:
    saved: list[str] = []
    best = BestKept(tmp_path, lambda folder: saved.append(folder.name), patience=2)
    assert [best.see(step, value) for step, value in ((5, 0.5), (10, 0.5), (15, 0.6), (20, 0.4))] == [
        True, False, True, False,
    ]  # fmt: skip
    assert not best.exhausted
    best.see(25, 0.6)
    assert best.exhausted
    assert (saved, best.folder) == (["best-5", "best-15"], tmp_path / "best-15")
    again = BestKept(tmp_path, saved.append, patience=2)
    again.replay([{"step": 0, "nDCG@10": 0.9}, {"step": 5, "nDCG@10": 0.5}, {"step": 5, "loss": 1.0}])
    assert (again.step, again.value, again.waited, len(saved)) == (5, 0.5, 0, 2)


def test_what_is_no_longer_the_best_goes_when_a_checkpoint_is_there(tmp_path: Path) -> None:
    best = BestKept(tmp_path, Path.mkdir, patience=0)
    best.see(5, 0.5)
    best.see(10, 0.6)
    assert {folder.name for folder in tmp_path.iterdir()} == {"best-5", "best-10"}
    best.tidy()
    assert {folder.name for folder in tmp_path.iterdir()} == {"best-10"}


def alarm(floor: float = 0.01) -> tuple[CollapseAlarm, list[str]]:
    told: list[str] = []
    return CollapseAlarm(floor, told.append), told


def test_scores_that_are_one_value_are_told_once() -> None:
    warned, told = alarm()
    for step, spread in ((5, 0.2), (10, 0.001), (15, 0.001)):
        warned.scores(step, spread)
    assert len(told) == 1
    assert told[0].startswith(
        "warning: at step 10 the model gives all documents of a query nearly the same score"
    )
    assert not warned.broken


def test_a_loss_that_stays_where_it_is_is_told_unless_all_is_learnt() -> None:
    warned, told = alarm()
    for step, loss in enumerate((1.8, 1.7, 1.6, 1.5, 1.4, 1e-5, 1e-5, 1e-5, 1e-5, 1e-5), 1):
        warned.loss(step, loss)
    assert told == []
    for step in range(11, 16):
        warned.loss(step, 1.3863)
    assert len(told) == 1
    assert "the loss stays at 1.386" in told[0]


def test_what_is_one_value_is_measured_by_the_base_model_unless_the_head_is_fresh() -> None:
    base = Glance(np.zeros((2, 4)), np.array([0.1, 0.3]))
    assert CollapseAlarm.over(base, False, print).floor == pytest.approx(0.004)
    assert CollapseAlarm.over(base, True, print).floor == 0.001


def test_a_model_whose_vectors_are_all_alike_is_found_out(world: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(world / "encoder"), device="cpu")
    with torch.no_grad():
        model[0].auto_model.embeddings.word_embeddings.weight.zero_()
        model[0].auto_model.embeddings.position_embeddings.weight.zero_()
    warned, told = alarm(0.004)
    watch = ModelWatch(tasks_of(make_rows(8)), BiReranker(model), BestKept(tmp_path, Path.mkdir, 0), warned)
    watch.look(5)
    assert len(told) == 1
