"""Streams that are closed, full, or of an encoding that lacks letters."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from miner.cli.console import show_json, word


@pytest.mark.parametrize(
    ("redirection", "code", "out"),
    [(">&-", 1, ""), ("2>&-", 0, "0.2"), ("<&- 2>&-", 0, "0.2"), (">/dev/full", 1, "")],
)
def test_a_stream_that_cannot_be_used_is_no_traceback(redirection: str, code: int, out: str) -> None:
    command = f'"{sys.executable}" -m miner --version {redirection}'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout[:3]) == (code, out)
    assert done.stderr.count("\n") == code


def test_json_is_whole_in_an_encoding_that_lacks_its_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    held = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(held, encoding="ascii", write_through=True))
    show_json({"query": "wo ist 文件"})
    assert json.loads(held.getvalue().decode("ascii")) == {"query": "wo ist 文件"}


def test_a_path_in_a_command_is_no_option_and_one_word() -> None:
    assert [word(path) for path in ("a", "a b", "-a", Path("-a/b c"))] == ["a", "'a b'", "./-a", "'./-a/b c'"]
