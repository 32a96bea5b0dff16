"""No command writes over the judgments that it goes by: they may have been paid for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from miner.cli import application

QUERY, PASSAGE = "how do i leave", "End the plan under Settings."
COMMANDS = {
    "mine": ("mine", "queries.jsonl", "--index", "index"),
    "calibrate": ("calibrate", "queries.jsonl", "--index", "index", "--by", "judgments"),
    "relabel": ("relabel", "rows.jsonl"),
    "report": ("report", "rows.jsonl"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_an_output_that_holds_the_judgments_is_refused(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    row = {"query": QUERY, "relevant_passages": [PASSAGE], "hard_negatives": ["Pay by card."]}
    Path("rows.jsonl").write_text(json.dumps(row) + "\n")
    Path("queries.jsonl").write_text(json.dumps({"query": QUERY, "relevant_passages": [PASSAGE]}) + "\n")
    judged = json.dumps({"query": QUERY, "passage": "Pay by card.", "verdict": "no"}) + "\n"
    Path("said.jsonl").write_text(judged)
    done = CliRunner().invoke(application(), [*command, "--judgments", "said.jsonl", "-o", "said.jsonl"])
    assert done.exit_code == 2
    assert "said.jsonl: is read by this command; expected another name for the output" in done.output
    assert Path("said.jsonl").read_text() == judged
