"""Job processes: what was killed is begun again, what is not wanted ends, what fails says why."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from miner.serving.job_process import OUTCOME
from miner.serving.jobs import ATTEMPTS, CANCELLED, Outcome, Runner, settings_of, validations
from miner.serving.state import State
from miner.serving.store import DatasetRecord, now
from miner.serving.validation import judge
from miner.training.plan import TrainSettings
from tests.support.mined_files import made_rows
from tests.support.serving import jobs_of, kill, until

NAMES = {"train": "mine.jsonl"}


@pytest.fixture
def runner() -> Iterator[Runner]:
    made = Runner("test", lambda runner: False)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    """A data set whose validation takes long enough to be killed."""
    rows = made_rows(300)
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows * 60)))
    return tmp_path


def in_thread(work: Callable[[], Outcome]) -> tuple[threading.Thread, list[Outcome]]:
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(work()))
    thread.start()
    return thread, outcomes


def test_a_job_that_was_killed_is_begun_again(runner: Runner, upload: Path) -> None:
    thread, outcomes = in_thread(lambda: runner.process("validate", upload, {"names": NAMES}, lambda: True))
    kill(until(lambda: jobs_of(upload) or None)[0])
    thread.join()
    assert outcomes[0].result is not None
    assert outcomes[0].result["parts"][0]["num_rows"] == 18_000


def test_a_job_that_always_dies_fails_and_says_how(runner: Runner, upload: Path) -> None:
    def wanted() -> bool:
        for pid in jobs_of(upload):
            kill(pid)
        return True

    outcome = runner.process("validate", upload, {"names": NAMES}, wanted)
    assert outcome.result is None
    assert outcome.error.startswith(f"the job ended by signal 9, {ATTEMPTS} times; job.log in the folder")


def test_a_fault_of_the_job_itself_is_told_and_logged(runner: Runner, tmp_path: Path) -> None:
    assert runner.process("validate", tmp_path, {}, lambda: True) == Outcome(error="KeyError: 'names'")
    assert "Traceback" in (tmp_path / "job.log").read_text()


def test_a_job_that_is_not_wanted_ends(runner: Runner, upload: Path) -> None:
    wanted = [True]
    thread, outcomes = in_thread(
        lambda: runner.process("validate", upload, {"names": NAMES}, lambda: wanted[0])
    )
    until(lambda: jobs_of(upload) or None)
    wanted[0] = False
    thread.join()
    assert outcomes == [Outcome(error=CANCELLED)]
    assert jobs_of(upload) == []
    assert not (upload / OUTCOME).exists()


def test_a_server_that_stops_ends_its_job_and_the_next_goes_on(tmp_path: Path, upload: Path) -> None:
    state = State(tmp_path / "state")
    upload.joinpath("train.jsonl").rename(state.receive("d") / "train.jsonl")
    state.settle("d")
    part = {"id": "train", "name": "mine.jsonl", "index": 0, "size_bytes": 1}
    state.store.add(DatasetRecord("d", "n", now(), now(), parts=[part]))

    def status() -> str:
        found = state.store.get(DatasetRecord, "d")
        assert found is not None
        return found.status

    first = Runner("first", validations(state))
    first.start()
    until(lambda: jobs_of(state.folder) or None)
    first.stop()
    assert not first.is_alive()
    assert (jobs_of(state.folder), status()) == ([], "processing")
    second = Runner("second", validations(state))
    second.start()
    until(lambda: True if status() == "validated" else None)
    second.stop()
    state.close()


def test_a_training_that_cannot_be_says_why(runner: Runner, tmp_path: Path) -> None:
    settings = {"model": str(tmp_path), "epochs": None, "batch_size": None, "learning_rate": None}
    order = {"train": str(tmp_path / "none.jsonl"), "eval": None, "settings": settings}
    outcome = runner.process("train", tmp_path, order, lambda: True)
    assert outcome.result is None
    assert f"{tmp_path}: " in outcome.error


def test_findings_are_told_by_the_names_that_the_sender_knows(tmp_path: Path) -> None:
    rows = made_rows(260)
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "eval.jsonl").write_text("\n".join(map(json.dumps, rows[:70])))
    found = judge(tmp_path, {"train": "mine.jsonl", "eval": "held <out>.jsonl"})
    assert found["status"] == "failed"
    lines = found["error"].split("\n")
    assert lines[0].startswith(
        "the query is that of mine.jsonl:1; Don't repeat queries from the training set."
    )
    assert lines[0].endswith("(held <out>.jsonl, line 1)")
    assert lines[-1] == "and 60 more errors"
    assert str(tmp_path) not in json.dumps(found)


def test_a_file_that_holds_no_rows_is_judged_too(tmp_path: Path) -> None:
    for content in (b"", b"\x00\xff", b"[]\n1", "\ufeff{}".encode()):
        (tmp_path / "train.jsonl").write_bytes(content)
        found = judge(tmp_path, NAMES)
        assert (found["status"], found["previews"][0]["samples"]) == ("failed", [])
        assert "mine.jsonl" in found["error"]


def test_samples_are_short(tmp_path: Path) -> None:
    row = {
        "query": "q" * 9_000,
        "relevant_passages": ["p" * 9_000] * 50,
        "hard_negatives": ["n" * 9_000] * 50,
    }
    (tmp_path / "train.jsonl").write_text(json.dumps(row))
    found = judge(tmp_path, NAMES)
    assert len(json.dumps(found)) < 20_000
    assert (
        found["metrics"]["finetune_dataset_metrics"]["reranker_data_metrics"]["num_train_hard_negatives"]
        == 50
    )


def test_hyperparameters_that_are_given_are_those_of_the_training() -> None:
    given = {
        "train_epochs": 3,
        "early_stopping_patience": 0,
        "early_stopping_threshold": 0.1,
        "learning_rate": None,
    }
    assert TrainSettings(**settings_of(given)) == TrainSettings(epochs=3, patience=0)
