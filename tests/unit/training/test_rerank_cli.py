from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from miner.cli import application
from tests.support.tiny_models import make_encoder, make_rows, write


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    make_encoder(folder / "encoder")
    write(folder / "train.jsonl", make_rows(96))
    write(folder / "test.jsonl", make_rows(48, seed=1))
    return folder


def call(*arguments: object, stdin: str | None = None) -> Result:
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(application(), words, input=stdin)


@pytest.fixture(scope="module")
def model(world: Path) -> Path:
    result = call(
        "train", world / "train.jsonl", "--eval", world / "test.jsonl", "-o", world / "model",
        "--model", world / "encoder", "--learning-rate", "5e-3", "--epochs", 6, "--max-length", 32,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "nDCG@10" in result.stdout
    assert "gain" in result.stdout
    assert "96 training rows are few" in result.stderr
    assert "kept the tuned model" in result.stderr
    return world / "model"


def test_evaluating_compares_with_the_model_that_training_began_from(world: Path, model: Path) -> None:
    result = call("evaluate", model, world / "test.jsonl", "--json")
    trained = json.loads((model / "training.json").read_text())
    assert json.loads(result.stdout) == trained["evaluation"]


def test_evaluating_a_model_against_itself_shows_no_difference(world: Path, model: Path) -> None:
    result = call("evaluate", model, world / "test.jsonl", "--base", model)
    assert result.stdout.count("no difference shown") == 4
    assert "48 queries in 48 independent groups, 4.0 documents a query" in result.stderr
    assert "cut at 32 tokens" in result.stderr


def test_ranking_reads_and_writes_lines(model: Path, tmp_path: Path) -> None:
    requests = [
        {"query": "k1 w2", "documents": ["v2 w1", {"text": "v1 w1", "id": 7}, "v3 w1"]},
        {"query": "k2", "documents": []},
    ]
    source = tmp_path / "requests.jsonl"
    source.write_text("\n".join(map(json.dumps, requests)))
    results = [json.loads(line) for line in call("rerank", model, source, "--top-n", 2).stdout.splitlines()]
    first = results[0]["results"]
    assert [len(result["results"]) for result in results] == [2, 0]
    assert first[0]["index"] == 1
    assert first[0]["document"] == {"text": "v1 w1", "id": 7}
    assert first[0]["relevance_score"] > first[1]["relevance_score"]
    call("rerank", model, source, "-o", tmp_path / "out.jsonl", "--top-n", 2)
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()] == results


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"documents": []}', ":1: 'query' is null; expected a string"),
        ('{"query": "a", "documents": "b"}', ":1: 'documents' is a string; expected a list"),
        ('{"query": "a", "documents": [1]}', ":1: 'documents' holds a number; expected strings"),
        ('{"query": "a", "documents": [{}]}', ":1: 'documents' holds null; expected strings"),
    ],
)
def test_a_request_that_cannot_be_read_is_told_with_its_line(
    model: Path, tmp_path: Path, line: str, message: str
) -> None:
    (tmp_path / "requests.jsonl").write_text(line)
    result = call("rerank", model, tmp_path / "requests.jsonl", "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 1
    assert message in result.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_training_again_does_not_touch_a_finished_model(world: Path, model: Path) -> None:
    result = call("train", world / "train.jsonl", "-o", model, "--model", world / "encoder")
    assert result.exit_code == 2
    assert "is already there" in result.stderr


def test_settings_that_make_no_sense_are_misuse(world: Path, tmp_path: Path) -> None:
    result = call("train", world / "train.jsonl", "-o", tmp_path / "m", "--arch", "both")
    assert result.exit_code == 2
    assert "arch is 'both'; expected bi or cross" in result.stderr
