"""What a worker process does: take work and tasks from its caller, answer with the outcomes."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import Any

from miner.errors import MinerError
from miner.executors.executor import Work
from miner.executors.workers import Failed, Lost, Outcome, attempted

LOOK = 1.0
"""Seconds between looks at whether the caller is still there."""
Message = tuple[bytes | None, bytes]
"""The work if it is new, and a task."""


def answer(caller: Connection) -> None:
    """For as long as there is a caller. Ctrl-C is for the caller alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked = SimpleQueue[Message]()
    Thread(target=_listen, args=(caller, asked), daemon=True).start()
    worker = _Worker()
    while True:
        caller.send_bytes(_packed(worker.outcome(*asked.get())))


def _listen(caller: Connection, asked: SimpleQueue[Message]) -> None:
    """End this process, whatever it is at, where the caller ends: also where the caller's children hold the socket."""
    parent = os.getppid()
    try:
        while os.getppid() == parent:
            if caller.poll(LOOK):
                asked.put(caller.recv())
    except (OSError, EOFError):
        pass
    os._exit(0)


def _packed(outcome: Outcome[Any]) -> bytes:
    """So that the caller can read it, whatever is in it."""
    try:
        packed = pickle.dumps(outcome)
        pickle.loads(packed)  # noqa: S301 - just made
        return packed
    except Exception as error:
        if isinstance(outcome, Failed):
            return pickle.dumps(Failed(MinerError(str(outcome.error))))
        return pickle.dumps(
            Lost(f"its result cannot be read by another process ({type(error).__name__}: {error})")
        )


class _Worker:
    """Keeps the work that was started last."""

    work: Work[Any, Any]
    key: str | None = None
    do: Callable[[Any], Any]

    def outcome(self, work: bytes | None, task: bytes) -> Outcome[Any]:
        try:
            if work is not None:
                self.work = pickle.loads(work)  # noqa: S301 - from who started this process
            given = pickle.loads(task)  # noqa: S301 - as above
        except Exception as error:
            return Lost(
                f"it cannot be read by another process ({type(error).__name__}: {error})", alive=False
            )
        return attempted(lambda given: self.started()(given), given)

    def started(self) -> Callable[[Any], Any]:
        if self.work.key != self.key:
            self.key = None
            self.do = self.work.start()
            self.key = self.work.key
        return self.do
