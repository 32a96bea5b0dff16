"""What the page is told of data sets and trainings: findings, corrected files, progress, curves."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from miner.serving import ServerSettings, schemas
from miner.serving.app import application
from miner.serving.curve import curves
from miner.serving.memory import Budget, resident
from miner.serving.progress import PROGRESS, ProgressFile, progress_of
from miner.serving.services import Services
from miner.serving.state import State
from miner.serving.store import FINETUNING, DatasetRecord, ModelRecord, now
from miner.serving.validation import judge
from tests.support.mined_files import made_rows
from tests.support.serving import until
from tests.support.tiny_models import make_encoder

KIND = "reranker-finetune-input"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    encoder = make_encoder(tmp_path_factory.mktemp("page") / "encoder")
    settings = ServerSettings(tmp_path_factory.mktemp("page") / "state", models={"tiny": str(encoder)})
    with TestClient(application(Services.open(settings)), base_url="http://localhost") as found:
        yield found


def uploaded(client: TestClient, rows: list[dict[str, Any]]) -> str:
    """The id of a data set that has been judged."""
    content = "\n".join(map(json.dumps, rows)).encode()
    asked = {"name": "n", "type": KIND}
    made = client.post("/v1/datasets", params=asked, files={"data": ("mine.jsonl", content)}).json()["id"]

    def judged() -> bool | None:
        found = client.get(f"/v1/datasets/{made}").json()["dataset"]
        return found["validation_status"] in ("failed", "validated") or None

    until(judged)
    return str(made)


def test_findings_come_with_their_lines_and_a_corrected_file_without_them(client: TestClient) -> None:
    rows = made_rows(260)
    rows[6]["hard_negatives"] = [*rows[6]["relevant_passages"], "", "other", "other"]
    id = uploaded(client, rows)
    told = client.get(f"/v1/datasets/{id}/findings").json()
    assert told["correctable"] == ["train"]
    assert {(each["rule"], each.get("line")) for each in told["findings"]} >= {
        ("overlap", 7), ("blank-negative", 7), ("repeated-negative", 7),
    }  # fmt: skip
    answer = client.get(f"/v1/datasets/{id}/corrected/train")
    assert 'filename="mine.corrected.jsonl"' in answer.headers["content-disposition"]
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[6]["hard_negatives"] == ["other"]
    assert lines[:6] + lines[7:] == rows[:6] + rows[7:]
    home: Any = client.app.state.house  # type: ignore[attr-defined]
    assert list((home.state.folder / "uploads").iterdir()) == []
    again = uploaded(client, lines)
    assert client.get(f"/v1/datasets/{again}/findings").json()["correctable"] == []


def test_a_side_that_is_not_there_cannot_be_corrected(client: TestClient) -> None:
    id = uploaded(client, made_rows(260))
    assert client.get(f"/v1/datasets/{id}/corrected/eval").status_code == 404
    assert client.get(f"/v1/datasets/{id}/corrected/other").status_code == 400


def test_a_long_finding_keeps_both_its_ends(tmp_path: Path) -> None:
    row = {"query": "q", "relevant_passages": ["p" * 9_000], "hard_negatives": ["p" * 9_000]}
    (tmp_path / "train.jsonl").write_text(json.dumps(row))
    found = judge(tmp_path, {"train": "mine.jsonl"})
    (told,) = [each for each in found["findings"] if each["rule"] == "overlap"]
    assert told["message"].startswith("string 'ppp")
    assert told["message"].endswith("is both a relevant passage and hard negatives of query 'q'")
    assert len(told["message"]) < 700


def test_findings_are_listed_errors_first_and_the_rest_counted(tmp_path: Path) -> None:
    rows = made_rows(300)
    for row in rows:
        row["hard_negatives"] = ["", *row["relevant_passages"]]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = judge(tmp_path, {"train": "mine.jsonl"})["findings"]
    assert [each["severity"] for each in found] == sorted(each["severity"] for each in found)
    overlaps = [each for each in found if each["rule"] == "overlap"]
    every = sum(len(row["relevant_passages"]) for row in rows)
    assert (len(overlaps), overlaps[0]["count"]) == (10, every)


def test_progress_is_told_by_stage_step_and_time_left(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.store.add(DatasetRecord("d", "n", now(), now()))
    for id in ("first", "second"):
        state.store.add(ModelRecord(id, "n", now(), now(), "d", "b", {}))
    assert [progress_of(state, m).place for m in state.store.all(ModelRecord)] == [0, 1]
    state.store.update(ModelRecord, "first", status=FINETUNING)
    model = state.store.get(ModelRecord, "first")
    assert model is not None
    assert progress_of(state, model) == schemas.TrainingProgress()
    state.model("first").mkdir()
    told = ProgressFile(state.model("first") / PROGRESS)
    told.begin("evaluate", 70, "rows")
    assert (progress_of(state, model).stage, progress_of(state, model).percent) == ("evaluate", 0.0)
    told.begin("train", 40, "steps")
    told.start -= 30
    told.advance(10)
    told.told = 0
    for _ in range(10):
        told.advance(1)
    told.end()
    found = progress_of(state, model)
    assert (found.step, found.steps, found.percent) == (20, 40, 50.0)
    assert found.seconds_left == pytest.approx(60, abs=2), "ten steps were done before, in no time"
    state.close()


def test_curves_grow_from_the_second_point() -> None:
    def step(number: int, **metrics: float) -> schemas.StepMetrics:
        return schemas.StepMetrics(step_number=number, metrics=metrics)

    first = step(0, **{"nDCG@10": 0.5})
    assert curves([first]) == []
    found = curves([first, step(10, loss=2.0), step(20, loss=1.0, **{"nDCG@10": 0.7})])
    assert [(curve.name, curve.first, curve.last, curve.steps) for curve in found] == [
        ("nDCG@10", 0.5, 0.7, 20), ("loss", 2.0, 1.0, 20),
    ]  # fmt: skip
    (left, low), (right, high) = found[0].dots
    assert (left, right) == (40, 312)
    assert 10 <= high < low <= 110


def test_a_job_that_takes_too_much_memory_is_ended_and_others_let_go_first() -> None:
    kept: list[int] = []
    mine = resident(os.getpid())
    assert mine > 10**6
    assert Budget(3 * mine, kept.append).refused(os.getpid()) == ""
    assert kept == []
    refused = Budget(mine, kept.append).refused(os.getpid())
    assert "needs more memory than --max-memory leaves it" in refused
    assert kept == [1]
    assert Budget(None).refused(os.getpid()) == ""
    assert resident(2**22 + 1) == 0


def test_the_hard_negatives_of_a_data_set_are_decided_on_in_a_page_of_their_own(client: TestClient) -> None:
    rows = made_rows(260)
    id = uploaded(client, rows)
    assert f'data-decide="{id}"' in client.get(f"/page/datasets/{id}").text
    decisions = f"/page/datasets/{id}/decisions"
    address = client.post(decisions).json()["address"]
    assert client.post(decisions).json()["address"] == address
    said = httpx.post(f"{address}decide", json={"place": 0, "verdict": "answers"}).json()
    assert said["counts"]["answers"] == 1
    negatives = sum(len(row["hard_negatives"]) for row in rows)
    exported = [json.loads(line) for line in httpx.get(f"{address}export").text.splitlines()]
    assert sum(len(row["hard_negatives"]) for row in exported) == negatives - 1
    assert client.delete(f"/v1/datasets/{id}").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}state")
    assert client.post(decisions).status_code == 404


def test_nothing_is_decided_where_there_are_no_negatives_or_from_another_machine(
    client: TestClient, tmp_path: Path
) -> None:
    bare = [{"query": row["query"], "relevant_passages": row["relevant_passages"]} for row in made_rows(260)]
    assert "data-decide" not in client.get(f"/page/datasets/{uploaded(client, bare)}").text
    encoder = make_encoder(tmp_path / "encoder")
    settings = ServerSettings(tmp_path / "state", host="0.0.0.0", models={"tiny": str(encoder)}, key="k" * 16)
    bearer = {"authorization": f"Bearer {settings.key}"}
    with TestClient(application(Services.open(settings)), headers=bearer) as far:
        id = uploaded(far, made_rows(260))
        assert "data-decide" not in far.get(f"/page/datasets/{id}").text
        assert far.post(f"/page/datasets/{id}/decisions").status_code == 400
