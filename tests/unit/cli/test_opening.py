"""Every command gives a sign of life before its work is done, and none once it has spoken itself."""

from __future__ import annotations

import importlib
import inspect
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from miner.cli import COMMANDS, console
from miner.cli.console import opening, say, terminal
from miner.cli.group import OWN_TALK, _run
from miner.progress import Clock

PATIENCE = 60.0
"""Seconds after which a test that waits for a line fails."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "first", 0.0)
    monkeypatch.setattr(opening, "every", 0.005)


def waited_for(capsys: pytest.CaptureFixture[str], line: str) -> str:
    """What was said until the line came."""
    said, end = "", time.monotonic() + PATIENCE
    while line not in said and time.monotonic() < end:
        said += capsys.readouterr().err
        time.sleep(0.001)
    return said


def required(command: Callable[..., Any]) -> dict[str, Any]:
    """A value for each parameter that has none."""
    parameters = inspect.signature(command).parameters.values()
    return {each.name: Path("slow") for each in parameters if each.default is each.empty}


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in OWN_TALK])
def test_a_slow_command_says_that_it_runs_before_its_work_is_done(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command, said = importlib.import_module(f"miner.cli.{name.replace('-', '_')}").command, list[str]()

    def work(**given: Any) -> None:
        said.append(waited_for(capsys, f"miner {name}: … "))

    work.__signature__ = inspect.signature(command, eval_str=True)  # type: ignore[attr-defined]
    work.__annotations__ = command.__annotations__
    _run(name, work)(**required(command), quiet=False)
    assert f"miner {name}: … 0s\n" in said[0]


def test_a_quiet_command_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        assert opening._thread is None

    _run("mine", work)(quiet=True)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("speak", [
    lambda: say("found"),
    lambda: console.show_text("found"),
    lambda: console.show_json({}),
    lambda: Clock(terminal()).stage("found").__enter__(),
])  # fmt: skip
def test_what_a_command_says_itself_takes_the_openings_place(
    speak: Callable[[], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console.manner, "quiet", False)
    with opening.of("mine"):
        waited_for(capsys, "miner mine: … ")
        speak()
        assert opening._thread is None
        capsys.readouterr()
    assert "miner mine" not in capsys.readouterr().err


def test_in_a_terminal_the_line_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    with opening.of("mine"):
        end = time.monotonic() + PATIENCE
        while "miner mine" not in screen.getvalue() and time.monotonic() < end:
            time.sleep(0.001)
    assert "miner mine: … 0s" in screen.getvalue()
    assert screen.getvalue().endswith("\r\x1b[K")
