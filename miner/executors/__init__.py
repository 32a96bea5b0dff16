"""One job on many workers: tasks that are pure functions of files in a shared folder, and who runs them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from miner.executors.executor import Executor, Serial, Work, opened
from miner.executors.processes import Processes
from miner.executors.queue import Attempt, TaskQueue
from miner.executors.ray import Ray
from miner.spec import parse

__all__ = [
    "Attempt",
    "Executor",
    "Processes",
    "Ray",
    "Serial",
    "TaskQueue",
    "Work",
    "opened",
    "parse_executor",
]


class Openable(Protocol):
    """The options of an executor; `open` gives the executor for the length of a block."""

    def open(self) -> AbstractContextManager[Executor]: ...


EXECUTORS: dict[str, type[Openable]] = {each.name: each for each in (Serial, Processes, Ray)}


def parse_executor(text: str) -> Openable:
    """The executor that `text` spells, as 'serial' or 'ray(workers=8, gpus=1)'. Raises ConfigError."""
    return parse(text, EXECUTORS, "executor")
