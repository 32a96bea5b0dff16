"""The whole path on the packaged sample, by commands: corpus, index, negatives, split, training, figures.

Trained is what the first layers of the bundled model make; all of it learns in test_rerank_bundled.py.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from miner.cli import application
from tests.support.encoders import shallow_bundled

pytestmark = [pytest.mark.model, pytest.mark.slow]

EACH = 12
"""One query in so many, all over the sample: neighbours ask for the same."""
CPU_SECONDS = 120
"""A minute of two cores."""


def call(*arguments: object) -> Result:
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(application(), words)
    assert result.exit_code == 0, result.output
    return result


def test_the_sample_goes_from_corpus_to_figures(tmp_path: Path) -> None:
    start = time.process_time()
    sample, index, rows = tmp_path / "sample", tmp_path / "index", tmp_path / "rows.jsonl"
    call("sample", sample)
    lines = (sample / "queries.jsonl").read_text().splitlines()[::EACH]
    (sample / "queries.jsonl").write_text("\n".join(lines))
    call("build-index", sample / "corpus", "--out", index)
    call("mine", sample / "queries.jsonl", "--index", index, "-o", rows)
    call("split", rows, "--small", "--eval-fraction", 0.3)
    model = tmp_path / "models" / "help"
    held_out = tmp_path / "rows.eval.jsonl"
    base = shallow_bundled(tmp_path / "base", layers=1)
    call("train", tmp_path / "rows.train.jsonl", "-o", model, "--model", base, "--epochs", 1)
    record = json.loads((model / "training.json").read_text())
    assert record["data"]["eval"]["split_from_train"] == 0.2
    assert record["plan"]["loss"] == "own"
    by_choice = json.loads(call("evaluate", model, held_out, "--json").stdout)
    by_search = json.loads(call("evaluate", model, held_out, "--index", index, "--json").stdout)
    assert by_choice["queries"] == by_search["queries"] == len(held_out.read_text().splitlines())
    assert by_search["documents_per_query"] >= 50
    assert 0.3 < by_search["metrics"]["nDCG@10"]["base"] <= 1
    assert time.process_time() - start < CPU_SECONDS
