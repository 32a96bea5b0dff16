"""What a worker process does: take work and a task from standard input, answer with the outcome."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable
from typing import Any

from miner.executors.executor import Work
from miner.executors.workers import Lost, Outcome, attempted


def answer() -> None:
    """Until standard input ends. What libraries print goes to standard error; Ctrl-C is for the caller."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked, told = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    worker = _Worker()
    while True:
        try:
            packed = pickle.load(asked)  # noqa: S301 - who started this process wrote it
        except EOFError:
            return
        pickle.dump(worker.outcome(packed), told)
        told.flush()


class _Worker:
    """Keeps the work that was started last."""

    key: str | None = None
    do: Callable[[Any], Any]

    def outcome(self, packed: bytes) -> Outcome[Any]:
        try:
            work, task = pickle.loads(packed)  # noqa: S301 - as above
        except Exception as error:
            return Lost(f"it cannot be read by another process ({type(error).__name__}: {error})")
        return attempted(lambda task: self.started(work)(task), task)

    def started(self, work: Work[Any, Any]) -> Callable[[Any], Any]:
        if work.key != self.key:
            self.key = None
            self.do = work.start()
            self.key = work.key
        return self.do
