"""A user's path on the packaged sample, in small: mine, train, evaluate, serve, rerank, with a tiny model."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from typer.testing import CliRunner, Result

from miner.cli import application
from miner.formats.cohere import load_rows
from miner.serving import ServerSettings
from tests.support.served import sample_encoder
from tests.support.serving import serving

QUERIES = 60


def call(*arguments: object) -> Result:
    result = CliRunner().invoke(application(), [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


def test_from_a_corpus_to_answers_over_http(tmp_path: Path) -> None:
    help, index, rows, model = (tmp_path / name for name in ("help", "index", "rows.jsonl", "tuned"))
    call("sample", help)
    call("build-index", help / "corpus", "--encoder", "hashing", "--out", index)
    call("mine", help / "queries.jsonl", "--index", index, "--limit", QUERIES, "-o", rows)
    call("split", rows, "--small", "--eval-fraction", 0.3, "--near", 0)
    base = sample_encoder(tmp_path / "base", load_rows(rows))
    train, held_out = (rows.with_suffix(f".{side}.jsonl") for side in ("train", "eval"))
    fast = ("--epochs", 4, "--max-length", 48, "--learning-rate", 5e-3)
    trained = call("train", train, "--eval", held_out, "-o", model, "--model", base, *fast)
    assert "training will take about" in trained.stderr
    judged = json.loads(call("evaluate", model, held_out, "--json").stdout)
    record = json.loads((model / "training.json").read_text())
    told = {name: figures[record["kept"]] for name, figures in record["evaluation"]["metrics"].items()}
    assert {name: figures["tuned"] for name, figures in judged["metrics"].items()} == told

    row = load_rows(held_out)[0]
    documents = [*row.relevant_passages, *row.hard_negatives]
    request = tmp_path / "requests.jsonl"
    request.write_text(json.dumps({"query": row.query, "documents": documents}))
    by_command = json.loads(call("rerank", model, request).stdout)["results"]
    settings = ServerSettings(tmp_path / "state", models={"mine": str(model)})
    with serving(settings) as (address, _):
        body = json.dumps({"model": "mine", "query": row.query, "documents": documents}).encode()
        asked = urllib.request.Request(
            f"{address}/v2/rerank", body, {"content-type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(asked) as answer:
            by_server = json.load(answer)["results"]
    assert [found["index"] for found in by_server] == [found["index"] for found in by_command]
    assert len(by_server) == len(documents)
