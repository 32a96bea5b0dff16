from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from sentence_transformers import SentenceTransformer

from miner.corpus.columns import Columns
from miner.corpus.options import ReadOptions
from miner.errors import ConfigError, InputError, Locked, MissingExtra, ModelError, OutputError
from miner.progress import Clock
from miner.reranking import load_reranker
from miner.training import fit, workspace
from miner.training.dataset import read_data
from miner.training.examples import examples, usable
from miner.training.plan import TrainPlan, TrainSettings
from miner.training.train import Training, train
from miner.training.workspace import Workspace, read_metrics
from tests.support.tiny_models import (
    make_cross_encoder,
    make_encoder,
    make_marked_rows,
    make_plain_rows,
    make_rows,
    write,
)

FAST = {"learning_rate": 5e-3, "epochs": 6, "max_length": 32, "patience": 0}
SHORT: dict[str, Any] = {**FAST, "epochs": 2}
"""For what is asked of the same run twice, whatever it learns."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """encoder/, cross/, train.jsonl and eval.jsonl"""
    folder = tmp_path_factory.mktemp("world")
    make_encoder(folder / "encoder")
    make_cross_encoder(folder / "cross")
    write(folder / "train.jsonl", make_rows(96))
    write(folder / "eval.jsonl", make_rows(48, seed=1))
    return folder


def run(world: Path, output: Path, model: str = "encoder", **asked: object) -> Training:
    settings = TrainSettings(model=str(world / model), **{**FAST, **asked})  # type: ignore[arg-type]
    return train(world / "train.jsonl", output, world / "eval.jsonl", settings)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = SentenceTransformer(str(folder), device="cpu").state_dict()
    return state


def same(a: Path, b: Path) -> bool:
    ours, theirs = weights(a), weights(b)
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.fixture(scope="module")
def trained(world: Path) -> tuple[Training, Path]:
    output = world / "models" / "trained"
    return run(world, output), output


@pytest.fixture(scope="module")
def short(world: Path) -> Path:
    """What a short run writes that nothing disturbs."""
    run(world, world / "models" / "short", **SHORT)
    return world / "models" / "short"


def test_training_teaches_the_rows_and_says_so(trained: tuple[Training, Path]) -> None:
    training, _ = trained
    assert training.kept == "tuned"
    assert training.comparison.primary.low > 0.1
    assert training.decision.startswith("kept the tuned model: nDCG@10 changed by +0.")
    assert "holds zero" not in training.decision


def test_the_folder_holds_the_model_its_record_and_its_curve(trained: tuple[Training, Path]) -> None:
    training, output = trained
    record = json.loads((output / "training.json").read_text())
    assert record["evaluation"] == training.comparison.record()
    assert record["plan"]["loss"] == "in-batch"
    assert record["data"]["train"]["rows"] == 96
    assert len(record["data"]["eval"]["sha256"]) == 64
    assert record["notes"][-2:] == [
        "96 training rows are few; 256 are advised",
        "48 evaluation rows are few; 64 are advised",
    ]
    assert (output / "curve.svg").read_bytes().startswith(b"<?xml")
    assert not list(output.parent.glob(".*"))
    modes = {path.stat().st_mode & 0o777 for path in output.rglob("*") if path.is_file()}
    assert len(modes) == 1


def test_the_metrics_by_step_begin_with_the_base_and_the_best_of_them_is_the_tuned_model(
    trained: tuple[Training, Path],
) -> None:
    training, output = trained
    records = read_metrics(output / "metrics.jsonl")
    judged = [record for record in records if "nDCG@10" in record]
    losses = [record["loss"] for record in records if "loss" in record]
    assert (judged[0]["step"], judged[-1]["step"]) == (0, 36)
    assert judged[0]["nDCG@10"] == pytest.approx(training.comparison.base[3], abs=1e-6)
    assert max(r["nDCG@10"] for r in judged[1:]) == pytest.approx(training.comparison.tuned[3], abs=1e-6)
    assert losses[-1] < losses[0]
    assert [record["step"] for record in records] == sorted(record["step"] for record in records)


def test_the_saved_model_scores_as_it_was_judged(trained: tuple[Training, Path], world: Path) -> None:
    from miner.reranking.tasks import load_rows, measure, tasks_of

    training, output = trained
    tasks = tasks_of(load_rows(world / "eval.jsonl"))
    figures = measure(tasks, load_reranker(output)).mean(axis=0)
    assert figures == pytest.approx(training.comparison.tuned)


def test_the_same_seed_trains_the_same_model(short: Path, world: Path, tmp_path: Path) -> None:
    run(world, tmp_path / "again", **SHORT)
    assert same(short, tmp_path / "again")
    run(world, tmp_path / "other", **SHORT, seed=1)
    assert not same(short, tmp_path / "other")


def test_own_negatives_teach_too(world: Path, tmp_path: Path) -> None:
    training = run(world, tmp_path / "own", loss="own")
    assert training.comparison.primary.low > 0.1


def test_a_model_that_did_not_improve_is_not_kept(world: Path, tmp_path: Path) -> None:
    held_out = write(tmp_path / "eval.jsonl", make_plain_rows(16, seed=1))
    wrong = write(tmp_path / "wrong.jsonl", [
        replace(row, relevant_passages=row.hard_negatives[:1], hard_negatives=row.relevant_passages)
        for row in make_plain_rows(48)
    ])  # fmt: skip
    settings = TrainSettings(model=str(world / "encoder"), **FAST)  # type: ignore[arg-type]
    training = train(wrong, tmp_path / "kept", held_out, settings)
    assert training.kept == "base"
    assert training.decision.startswith("kept the base model: nDCG@10 on the evaluation rows did not improve")
    assert same(world / "encoder", tmp_path / "kept")


@pytest.mark.parametrize(("model", "arch"), [("cross", "cross"), ("encoder", "combined")])
def test_a_cross_encoder_trains_listwise(world: Path, tmp_path: Path, model: str, arch: str) -> None:
    rows = write(tmp_path / "train.jsonl", make_marked_rows(64))
    held_out = write(tmp_path / "eval.jsonl", make_marked_rows(32, seed=1))
    settings = TrainSettings(model=str(world / model), arch="cross", **FAST)  # type: ignore[arg-type]
    training = train(rows, tmp_path / "model", held_out, settings)
    assert training.comparison.primary.low > 0
    loaded = load_reranker(tmp_path / "model")
    assert loaded.arch == arch
    if arch == "combined":
        assert same(world / "encoder", tmp_path / "model" / "encoder")
        assert any("learns too little from 64 rows" in note for note in training.notes)


class Killed(BaseException):
    pass


class Killer(Clock):
    """Stops the run after some steps, as a signal would."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps

    def advance(self, stage: object, items: int, tokens: int = 0) -> None:
        if getattr(stage, "name", "") == "train":
            self.left -= items
            if self.left < 0:
                raise Killed


def test_a_killed_run_goes_on_to_the_same_weights_and_the_same_curve(
    short: Path, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "SAVE_SECONDS", 0.0)
    settings = TrainSettings(model=str(world / "encoder"), **SHORT)
    files = world / "train.jsonl", tmp_path / "model", world / "eval.jsonl", settings
    with pytest.raises(Killed):
        train(*files, clock=Killer(7))
    assert not (tmp_path / "model").exists()
    last = Workspace(tmp_path / "model").latest()
    assert last is not None
    assert last.name == "checkpoint-7"
    (last.with_name("checkpoint-8")).mkdir()
    train(*files)
    assert same(short, tmp_path / "model")
    ours, theirs = (
        [
            {k: v for k, v in record.items() if k != "seconds"}
            for record in read_metrics(path / "metrics.jsonl")
        ]
        for path in (short, tmp_path / "model")
    )
    assert ours == theirs


def test_a_run_killed_in_a_later_epoch_goes_on_with_the_batches_that_are_left(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = write(tmp_path / "train.jsonl", make_rows(32))
    settings = TrainSettings(model=str(world / "encoder"), loss="own", **SHORT)
    train(few, tmp_path / "whole", world / "eval.jsonl", settings)
    monkeypatch.setattr(fit, "SAVE_SECONDS", 0.0)
    with pytest.raises(Killed):
        train(few, tmp_path / "model", world / "eval.jsonl", settings, Killer(6))
    train(few, tmp_path / "model", world / "eval.jsonl", settings)
    assert same(tmp_path / "whole", tmp_path / "model")


def test_a_process_killed_outright_loses_nothing_it_had_saved(
    short: Path, world: Path, tmp_path: Path, warm: Path
) -> None:
    output = tmp_path / "model"
    program = (
        "import os, sys; from pathlib import Path; print(os.getpid(), flush=True)\n"
        "from miner.training import fit; fit.SAVE_SECONDS = 0.0\n"
        "from miner.training.plan import TrainSettings; from miner.training.train import train\n"
        f"train(*map(Path, sys.argv[1:4]), TrainSettings(model={str(world / 'encoder')!r}, **{SHORT!r}))"
    )
    paths = [str(world / "train.jsonl"), str(output), str(world / "eval.jsonl")]
    process = subprocess.Popen([warm / "python", "-c", program, *paths], stdout=subprocess.PIPE)
    assert process.stdout is not None
    trains = int(process.stdout.readline())
    space, deadline = Workspace(output), time.monotonic() + 120
    while space.latest() is None and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    os.kill(trains, signal.SIGKILL)
    process.communicate()
    assert space.latest() is not None
    assert not output.exists()
    run(world, output, **SHORT)
    assert same(short, output)


def test_an_unfinished_run_is_not_mixed_with_other_settings(world: Path, tmp_path: Path) -> None:
    settings = TrainSettings(model=str(world / "encoder"), **FAST)  # type: ignore[arg-type]
    with pytest.raises(Killed):
        train(world / "train.jsonl", tmp_path / "m", world / "eval.jsonl", settings, Killer(2))
    with pytest.raises(ConfigError, match="unfinished run with other settings"):
        run(world, tmp_path / "m", seed=3)


def test_an_output_that_exists_is_left_alone(world: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(ConfigError, match="already there"):
        run(world, tmp_path / "model")
    assert list((tmp_path / "model").iterdir()) == []


def test_two_processes_do_not_train_the_same_output(world: Path, tmp_path: Path) -> None:
    space = Workspace(tmp_path / "model")
    with space.opened({}, 0), pytest.raises(Locked, match="another process"):
        run(world, tmp_path / "model")


def test_a_disk_too_small_is_told_before_training(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "COPIES", 10**15)
    with pytest.raises(OutputError, match=r"needs about \d+ MiB .* are free"):
        run(world, tmp_path / "model")


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_up_is_told_and_the_run_can_go_on(
    short: Path, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "SAVE_SECONDS", 0.0)
    with files_of_at_most(9_000), pytest.raises(OutputError, match="cannot be written"):
        run(world, tmp_path / "model", **SHORT)
    assert not (tmp_path / "model").exists()
    run(world, tmp_path / "model", **SHORT)
    assert same(short, tmp_path / "model")


def test_too_few_rows_are_refused(world: Path, tmp_path: Path) -> None:
    few = write(tmp_path / "few.jsonl", make_rows(15))
    settings = TrainSettings(model=str(world / "encoder"))
    with pytest.raises(InputError, match=r"few\.jsonl: gives 15 training rows; expected 16"):
        train(few, tmp_path / "m", world / "eval.jsonl", settings)
    with pytest.raises(InputError, match=r"few\.jsonl: gives 7 evaluation rows"):
        train(world / "train.jsonl", tmp_path / "m", write(tmp_path / "few.jsonl", make_rows(7)), settings)


def test_rows_without_negatives_are_refused_where_the_loss_needs_them(world: Path, tmp_path: Path) -> None:
    bare = write(tmp_path / "bare.jsonl", [replace(row, hard_negatives=()) for row in make_rows(40)])
    settings = TrainSettings(model=str(world / "encoder"), loss="own")
    with pytest.raises(InputError, match=r"gives 0 training rows \(40 more have no hard negatives\)"):
        train(bare, tmp_path / "m", world / "eval.jsonl", settings)
    with pytest.raises(InputError, match="gives 0 evaluation rows with hard negatives"):
        train(world / "train.jsonl", tmp_path / "m", bare, settings)


def test_rows_without_negatives_are_counted_where_the_loss_can_use_them(world: Path, tmp_path: Path) -> None:
    rows = make_rows(40)
    mixed = write(tmp_path / "mixed.jsonl", [replace(rows[0], hard_negatives=()), *rows[1:]])
    settings = TrainSettings(model=str(world / "encoder"), **{**FAST, "epochs": 1})  # type: ignore[arg-type]
    training = train(mixed, tmp_path / "m", world / "eval.jsonl", settings)
    assert (
        "1 training row has no hard negatives and is trained on with in-batch negatives alone"
        in training.notes
    )


def test_evaluation_rows_that_training_has_seen_are_told(world: Path, tmp_path: Path) -> None:
    rows = make_rows(40)
    seen = [replace(rows[0], relevant_passages=("w1 w2",)), replace(rows[1], query="W9 w8!"), rows[2]]
    held_out = write(tmp_path / "eval.jsonl", [*seen, *make_rows(9, seed=1)])
    training = write(tmp_path / "train.jsonl", rows)
    notes = read_data(training, held_out, 0, None).notes
    assert [note[: note.index(" share")] for note in notes] == ["3 of 12 evaluation rows"]
    assert read_data(world / "train.jsonl", world / "eval.jsonl", 0, None).notes == ()


def test_training_without_its_packages_names_the_line_that_installs_them(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(MissingExtra, match=r"\btrain\b"):
        run(world, tmp_path / "m")


def test_a_model_of_another_kind_is_refused(world: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a cross-encoder; expected an encoder"):
        run(world, tmp_path / "m", "cross", arch="bi")


def plan(loss: str) -> TrainPlan:
    return TrainPlan("cross" if loss == "listwise" else "bi", loss, 2, 1e-3, 16, 32, "fp32", 0, ())


def test_rows_of_different_numbers_of_negatives_are_trained_on_without_padding() -> None:
    rows = [*make_rows(5, negatives=2), *make_rows(4, negatives=3), *make_rows(3, negatives=0)]
    groups = examples(usable(rows, plan("in-batch")), plan("in-batch"))
    assert {name: (len(part), part.column_names) for name, part in groups.items()} == {
        "00": (3, ["anchor", "positive"]),
        "02": (5, ["anchor", "positive", "negative_1", "negative_2"]),
        "03": (4, ["anchor", "positive", "negative_1", "negative_2", "negative_3"]),
    }
    lists = examples(usable(rows, plan("own")), plan("own"))
    assert sorted(map(len, lists["documents"])) == [3] * 5 + [4] * 4


def test_each_relevant_passage_gives_an_example_up_to_five() -> None:
    row = replace(make_rows(1)[0], relevant_passages=tuple(f"p{i}" for i in range(9)))
    drawn = examples([row], plan("in-batch"))["03"]["positive"]
    assert len(set(drawn)) == 5
    assert list(drawn) == sorted(drawn)
    assert list(examples([row], plan("in-batch"))["03"]["positive"]) == list(drawn)


def test_a_list_is_labelled_ten_and_nought() -> None:
    row = replace(make_rows(1)[0], relevant_passages=("a", "b"))
    data = examples([row], plan("listwise"))
    assert data["documents"][0] == ["a", "b", *row.hard_negatives]
    assert data["labels"][0] == [10, 10, 0, 0, 0]


def test_metrics_of_a_living_run_are_read_without_a_half_written_line(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_bytes(b'{"step": 1, "loss": 0.5}\n{"step": 2, "lo')
    assert read_metrics(tmp_path / "metrics.jsonl") == [{"step": 1, "loss": 0.5}]
    assert read_metrics(tmp_path / "absent.jsonl") == []


def test_rows_are_read_in_any_shape_and_what_is_left_out_is_among_the_notes(
    world: Path, tmp_path: Path
) -> None:
    table = tmp_path / "train.csv"
    lines = [f"{row.query},{row.relevant_passages[0]},{row.hard_negatives[0]}" for row in make_rows(40)]
    table.write_text("\n".join(["Frage,positive,negative", *lines, "ohne,,x"]) + "\n")
    options = ReadOptions(columns=Columns.parse("query=Frage"))
    data = read_data(table, world / "eval.jsonl", 0, None, options)
    assert [row.query for row in data.rows] == [row.query for row in make_rows(40)]
    assert data.notes[:2] == (
        "1 note: 1 × has no relevant passage",
        f"  {table}:42: has no relevant passage; expected relevant_passages or relevant_ids",
    )


def test_a_folder_of_rows_is_known_by_all_its_files(world: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    for number in range(2):
        write(folder / f"train-{number}.jsonl", make_rows(20, seed=number))
    record = read_data(folder, world / "eval.jsonl", 0, None).record["train"]
    assert (record["file"], record["rows"]) == ("parts", 40)
    write(folder / "train-1.jsonl", make_rows(20, seed=2))
    assert read_data(folder, world / "eval.jsonl", 0, None).record["train"]["sha256"] != record["sha256"]
