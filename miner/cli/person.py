"""Whoever sits at the terminal, as a judge."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from miner.auditing.interview import Question
from miner.cli.interview_terminal import TerminalInterview
from miner.endpoints import CallPlan
from miner.errors import ConfigError
from miner.judging import JudgeSpec, Opinion
from miner.judgments import PERSON, Pair


@dataclass(frozen=True, repr=False)
class TerminalJudge(JudgeSpec):
    """Asks in the terminal. Raises ConfigError where there is none."""

    name: ClassVar[str] = "person"
    by: ClassVar[str] = PERSON
    question: ClassVar[str] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise ConfigError("person() asks in a terminal; found none")

    def plan(self, pairs: Sequence[Pair]) -> CallPlan | None:
        return None

    def opinions(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Opinion]]:
        for asked, pair in enumerate(pairs):
            with TerminalInterview() as terminal:
                reply = terminal.ask(Question(pair, asked, len(pairs)))
            if reply == "quit" or reply == "back":
                return
            yield pair, Opinion(reply)
