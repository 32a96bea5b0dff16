"""Calls the command line in this process."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from miner.cli import application
from miner.cli.console import opening

opening.first = 3600.0
"""Nothing that a test reads depends on how fast the machine is."""


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    """Run `miner ARGUMENTS` and return its exit code and what it printed."""
    words = [str(argument) for argument in arguments]
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        application()(words, prog_name="miner")
    printed = capsys.readouterr()
    return Outcome(int(stop.value.code or 0), printed.out, printed.err)
