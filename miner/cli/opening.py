"""The first sign of life: where a command has said nothing yet, that it runs is said for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from miner.progress import Progress
from miner.progress.live import PlainLines

FIRST = 0.5
"""Seconds until it is said; starting took some already."""


class Opening(PlainLines):
    """'miner mine: … 3s' until the command itself says something; taken away in a terminal."""

    def __init__(self, first: float = FIRST) -> None:
        super().__init__(first)
        self._shown = False

    def show(self, text: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
            self._shown = True
        else:
            super().show(text)

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        self._shown = False

    @contextmanager
    def of(self, command: str) -> Iterator[None]:
        """While the block runs."""
        self.begin(f"miner {command}", None, "")
        try:
            yield
        finally:
            self.end()


class AfterOpening:
    """Progress whose first stage takes the opening's place."""

    def __init__(self, opening: Opening, progress: Progress) -> None:
        self.opening, self.progress = opening, progress

    def begin(self, stage: str, total: int | None, unit: str) -> None:
        self.opening.end()
        self.progress.begin(stage, total, unit)

    def advance(self, done: int) -> None:
        self.progress.advance(done)

    def end(self) -> None:
        self.progress.end()
