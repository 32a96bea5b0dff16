"""The bundled model learns an invented vocabulary, from the command line, and ranks with it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from miner.cli import application
from miner.data import Row
from miner.formats.cohere import write_rows

pytestmark = [pytest.mark.model, pytest.mark.slow]

MEANINGS = {
    "zorblat": "opens the roof of the greenhouse",
    "quimmer": "feeds the fish in the pond",
    "trelk": "prints labels for the jars",
    "vashti gear": "turns the stage by a quarter",
    "plonder": "counts the visitors at the door",
    "skeeve": "dries the herbs over night",
    "omblet": "rings the bell at noon",
    "fennick": "weighs parcels for the post",
}
QUESTIONS = ("what does a {} do", "{}: what is it good for", "tell me the use of the {}", "why buy a {}")
ANSWERS = ("It {}.", "This device {} by itself.", "You need one that {}.", "Ours {}, every day.")


def rows(count: int, seed: int) -> list[Row]:
    draw = random.Random(seed)
    made = []
    for i in range(count):
        word = list(MEANINGS)[i % len(MEANINGS)]
        wrong = draw.sample([other for other in MEANINGS if other != word], 4)
        passages = [
            f"{draw.choice(ANSWERS).format(MEANINGS[name])} No. {draw.randrange(10**6)}"
            for name in (word, *wrong)
        ]
        made.append(Row(draw.choice(QUESTIONS).format(word), (passages[0],), tuple(passages[1:])))
    return made


def call(*arguments: object) -> Result:
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(application(), words)
    assert result.exit_code == 0, result.output
    return result


def test_the_bundled_model_learns_evaluates_and_ranks(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.jsonl", rows(40, 0))
    write_rows(tmp_path / "eval.jsonl", rows(16, 1))
    write_rows(tmp_path / "test.jsonl", rows(24, 2))
    output = tmp_path / "models" / "devices"
    call("train", tmp_path / "train.jsonl", "--eval", tmp_path / "eval.jsonl", "-o", output, "--epochs", 1)
    judged = json.loads(call("evaluate", output, tmp_path / "test.jsonl", "--json").stdout)
    assert judged["metrics"]["nDCG@10"]["verdict"] == "gain"
    request = {"query": "why buy a fennick", "documents": [f"It {meaning}." for meaning in MEANINGS.values()]}
    (tmp_path / "requests.jsonl").write_text(json.dumps(request))
    best = json.loads(call("rerank", output, tmp_path / "requests.jsonl", "--top-n", 1).stdout)["results"][0]
    assert best["document"] == "It weighs parcels for the post."
