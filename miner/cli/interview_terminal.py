"""The person's side of an audit: two columns, one key an answer."""

from __future__ import annotations

import os
import sys
import termios
import tty
from types import TracebackType

from rich.console import Console, Group
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from miner.auditing.interview import Question, Reply
from miner.cli.console import opening, safe
from miner.progress import count_of

KEYS: dict[str, Reply] = {
    "y": "answers",
    "n": "no",
    "u": "unsure",
    "b": "back",
    "q": "quit",
    "": "quit",
    "\x04": "quit",
}
SAID = {"answers": "yes"}
HELP = "does the candidate answer the query?  y yes · n no · u unsure · b back · q quit "
SIDE_BY_SIDE = 80
"""Columns a terminal must have for two texts side by side."""
LONGEST = 5000
"""Characters shown of a passage."""


class TerminalInterview:
    """Questions on stderr, answers from the keys of a terminal that is put back as it was."""

    def __init__(self, keyboard: int | None = None, console: Console | None = None) -> None:
        self.keyboard = sys.stdin.fileno() if keyboard is None else keyboard
        self.console = console or Console(stderr=True, highlight=False, markup=False, emoji=False)

    def __enter__(self) -> TerminalInterview:
        opening.end()
        self._before = termios.tcgetattr(self.keyboard)
        tty.setcbreak(self.keyboard, termios.TCSADRAIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        termios.tcsetattr(self.keyboard, termios.TCSADRAIN, self._before)
        self.console.print()

    def ask(self, question: Question) -> Reply:
        """Show the question and wait for one of KEYS."""
        self.console.print(page(question, self.console.width))
        reply = None
        while reply is None:
            self.console.print(HELP, end="")
            reply = KEYS.get(self._key())
            self.console.print(SAID.get(reply or "", reply) or "no such key")
        return reply

    def _key(self) -> str:
        """The next key; one that sends an escape sequence, such as an arrow, counts as one key."""
        key = os.read(self.keyboard, 1).decode("ascii", "replace")
        if key == "\x1b":
            termios.tcflush(self.keyboard, termios.TCIFLUSH)
        return key


def page(question: Question, width: int) -> Group:
    """The query above, relevant passages and candidate below: beside each other if `width` allows."""
    pair = question.pair
    relevant = Text("\n\n").join(shown(text) for text in pair.relevant)
    relevant_title = Text("relevant passage" + "s" * (len(pair.relevant) > 1), style="bold")
    candidate_title = Text("candidate", style="bold")
    wide = width >= SIDE_BY_SIDE
    grid = Table.grid(padding=(0, 3), expand=wide)
    if wide:
        grid.add_column(ratio=1, overflow="fold")
        grid.add_column(ratio=1, overflow="fold")
        grid.add_row(relevant_title, candidate_title)
        grid.add_row(relevant, shown(pair.passage))
    else:
        grid.add_column(overflow="fold")
        for part in (relevant_title, relevant, Text(), candidate_title, shown(pair.passage)):
            grid.add_row(part)
    rule = Rule(f"{question.answered + 1} of {question.total}", characters="-")
    return Group(Text(), rule, Text("query: ", style="bold") + shown(pair.query), Text(), grid, Text())


def shown(text: str) -> Text:
    """The text with its lines kept and nothing in it that could steer a terminal, cut at LONGEST."""
    lines = [safe(line) for line in text[:LONGEST].splitlines()]
    left = len(text) - LONGEST
    return Text("\n".join(lines) + (f" … ({count_of(left, 'more character')})" if left > 0 else ""))
