"""miner clean on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.commandline import call


def test_it_writes_the_texts_and_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, output, report = tmp_path / "in.jsonl", tmp_path / "out.jsonl", tmp_path / "report.json"
    source.write_text('{"text": "<b>one</b>\\u001b[31m"}\n{"text": "two"}\n{"text": "<p></p>"}\n')
    done = call(capsys, "clean", source, "-o", output, "--steps", "html", "--report", report)
    assert (done.code, done.out) == (0, "")
    assert "\x1b" not in done.err
    assert [json.loads(line)["text"] for line in output.open()] == ["one\x1b[31m", "two", "<p></p>"]
    record = json.loads(report.read_text())
    assert (record["texts"], record["changed"]) == (3, 1)
    assert (record["by_step"], record["kept"]) == ({"html": 1}, {"emptied": 1})
    assert record["examples"]["html"][0]["place"] == f"{source}:1"


def test_misuse_and_broken_input_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("[]\n")
    unknown = call(capsys, "clean", source, "-o", output, "--steps", "htm")
    assert (unknown.code, unknown.err) == (2, "error: unknown cleaning step 'htm'; did you mean html?\n")
    broken = call(capsys, "clean", source, "-o", output)
    message = f"{source}:1: holds a list; expected a JSON object"
    assert (broken.code, broken.err) == (1, f"error: {source}: holds nothing that can be used: {message}\n")
    assert not output.exists()
