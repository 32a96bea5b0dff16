"""What the server remembers survives it; what nobody remembers is swept."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from miner.errors import ConfigError
from miner.serving.state import DATABASE, RESERVE, State
from miner.serving.store import (
    FAILED,
    FINETUNING,
    QUEUED,
    READY,
    UNFINISHED,
    Database,
    DatasetRecord,
    ModelRecord,
    now,
)


def model(id: str, dataset: str = "d") -> ModelRecord:
    return ModelRecord(id, "name", now(), now(), dataset, "base", {"base_model": {"name": "é"}})


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    dataset = DatasetRecord("d", "n", now(), now(), warnings=["w"], parts=[{"id": "train"}], metrics={"a": 1})
    store = Database(tmp_path / "s")
    store.add(dataset)
    store.add(model("m"))
    made = store.get(ModelRecord, "m")
    store.close()
    again = Database(tmp_path / "s")
    assert again.get(DatasetRecord, "d") == dataset
    assert again.get(ModelRecord, "m") == made
    assert again.get(ModelRecord, "other") is None
    assert [event["status"] for event in again.events("m")] == [QUEUED]
    again.close()


def test_a_change_is_made_only_among_the_statuses_named(tmp_path: Path) -> None:
    store = Database(tmp_path / "s")
    store.add(model("m"))
    assert store.update(ModelRecord, "m", UNFINISHED, status=FINETUNING)
    assert not store.update(ModelRecord, "m", (QUEUED,), name="other")
    assert store.update(ModelRecord, "m", UNFINISHED, status=READY)
    assert not store.update(ModelRecord, "m", UNFINISHED, status=FAILED, error="late")
    found = store.get(ModelRecord, "m")
    assert found is not None
    assert (found.status, found.error, found.name) == (READY, None, "name")
    assert [event["status"] for event in store.events("m")] == [QUEUED, FINETUNING, READY]
    assert store.statuses(ModelRecord) == {READY: 1}
    store.close()


def test_a_data_set_that_is_to_be_trained_on_stays(tmp_path: Path) -> None:
    store = Database(tmp_path / "s")
    store.add(DatasetRecord("d", "n", now(), now()))
    store.add(model("m"))
    assert not store.delete(DatasetRecord, "d")
    store.update(ModelRecord, "m", status=READY)
    assert store.delete(DatasetRecord, "d")
    assert not store.delete(DatasetRecord, "d")
    assert store.delete(ModelRecord, "m")
    assert store.events("m") == []
    store.close()


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = Database(tmp_path / "s")
    store.add(model("m"))
    with pytest.raises(sqlite3.IntegrityError):
        store.add(dataclasses.replace(model("m"), name="second"))
    assert len(store.events("m")) == 1
    store.add(model("n"))
    store.close()


def test_a_file_that_is_no_state_or_a_newer_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database" * 100)
    with pytest.raises(ConfigError, match="is not a server's state"):
        Database(tmp_path / "text")
    with sqlite3.connect(tmp_path / "newer") as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(ConfigError, match="has format 9; this miner reads format 2"):
        Database(tmp_path / "newer")


def test_what_a_crash_left_is_swept_and_the_rest_kept(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.receive("half")
    state.receive("whole")
    (tmp_path / "state" / "uploads" / "whole" / "train.jsonl").write_text("{}")
    state.settle("whole")
    state.store.add(DatasetRecord("whole", "n", now(), now()))
    state.model("forgotten").mkdir()
    state.dataset("unknown").mkdir()
    state.close()
    again = State(tmp_path / "state")
    files = {path.relative_to(tmp_path / "state").as_posix() for path in (tmp_path / "state").rglob("*")}
    again.close()
    assert {name for name in files if not name.startswith((DATABASE, "lock", RESERVE))} == {
        "datasets", "datasets/whole", "datasets/whole/train.jsonl", "models", "uploads",
    }  # fmt: skip
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


def test_what_is_deleted_is_deleted_also_where_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = State(tmp_path / "state")
    reserve = state.folder / RESERVE
    assert reserve.stat().st_size == 2**20
    state.store.add(DatasetRecord("d", "n", now(), now()))
    state.dataset("d").mkdir()
    delete = state.store.delete

    def full(*asked: Any) -> bool:
        if reserve.exists():
            raise sqlite3.OperationalError("database or disk is full")
        return delete(*asked)

    monkeypatch.setattr(state.store, "delete", full)
    assert state.forget(DatasetRecord, "d")
    assert not state.dataset("d").exists()
    assert reserve.exists()
    state.close()


def test_nothing_in_the_state_is_for_others_whatever_the_folder_was(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        (tmp_path / "state" / "datasets" / "d").mkdir(parents=True)
        (tmp_path / "state" / "datasets" / "d" / "train.jsonl").write_text("{}")
        state = State(tmp_path / "state")
        state.store.add(DatasetRecord("e", "n", now(), now()))
    finally:
        os.umask(before)
    assert {p.stat().st_mode & 0o077 for p in (tmp_path / "state").rglob("*")} == {0}
    state.close()


def test_a_file_is_no_state_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file; expected a folder"):
        State(tmp_path / "file")


def test_times_are_in_order() -> None:
    first = now()
    time.sleep(0.001)
    assert first < now()
