"""The loop of docs/how-to/mine-again.md, block by block, on a part of the sample and for one epoch."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import miner
from miner.cli import application
from miner.formats.cohere import load_rows
from tests.support.served import sample_encoder

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "mine-again.md").read_text()
LINES = [
    shlex.split(line.removeprefix("miner "))
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]
QUERIES = 80
IN_SMALL = ("--epochs", "1", "--max-length", "48", "--learning-rate", "5e-3", "--model", "base")


def call(words: list[str]) -> str:
    small = {"train": IN_SMALL, "split": ("--near", "0"), "evaluate": ("--json",)}.get(words[0], ())
    result = CliRunner().invoke(application(), [*words, *small])
    assert result.exit_code == 0, f"{words}: {result.output}"
    return result.stdout


def test_round_two_adds_to_round_one_and_is_judged_against_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("miner.training.dataset.load_encoder", lambda name: miner.HashingEncoder())
    sample = miner.sample(Path("help"))
    some = (sample / "queries.jsonl").read_text().splitlines()[:QUERIES]
    (sample / "queries.jsonl").write_text("\n".join(some))
    index = miner.build_index(sample / "corpus", "indexes/help", "hashing")
    sample_encoder(Path("base"), list(miner.mine(miner.read_queries(sample / "queries.jsonl"), index)))
    outputs = {" ".join(words): call(words) for words in LINES}
    one, two = load_rows(Path("parts/one.train.jsonl")), load_rows(Path("two.jsonl"))
    assert [row.query for row in one] == [row.query for row in two]
    for before, after in zip(one, two, strict=True):
        assert after.hard_negatives[: len(before.hard_negatives)] == before.hard_negatives
        assert len(after.hard_negatives) > len(before.hard_negatives)
    judged = [json.loads(out) for words, out in outputs.items() if words.startswith("evaluate")]
    assert [found["queries"] for found in judged] == [len(load_rows(Path("parts/one.eval.jsonl")))] * 2
    assert {found["metrics"]["nDCG@10"]["verdict"] for found in judged} <= {
        "gain",
        "loss",
        "no difference shown",
    }
