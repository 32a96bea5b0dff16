"""Streams that are closed, full, or of an encoding that lacks letters."""

from __future__ import annotations

import io
import json
import signal
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


def test_ctrl_c_while_the_command_line_is_loaded_is_no_traceback(tmp_path: Path) -> None:
    stopped = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    (tmp_path / "typer.py").write_text(stopped)
    lines = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from miner.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
