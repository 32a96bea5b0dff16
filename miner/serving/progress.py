"""How far a training is: its process writes it into a file of its folder, the server reads it."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import orjson

from miner.serving import schemas as wire
from miner.serving.state import State
from miner.serving.store import QUEUED, ModelRecord

PROGRESS = "progress.json"
EVERY = 0.5
SHARES = {"train": (5.0, 95.0)}
"""Where a stage lies on the way of a whole training, in percent; others tell only their name."""


class ProgressFile:
    """Tells the stages of a run to a file, some times a second. It is nothing to rely on, so it is not synced."""

    def __init__(self, path: Path) -> None:
        self.path, self.told = path, 0.0
        self.stage, self.done, self.total, self.start = "", 0, 0, time.time()
        self.first = 0

    def begin(self, stage: str, total: int | None, unit: str) -> None:
        self.stage, self.done, self.total, self.start = stage, 0, total or 0, time.time()
        self.first = 0
        self._tell()

    def advance(self, done: int) -> None:
        if not self.done and done > 1:
            self.first = done
        self.done += done
        if time.time() - self.told >= EVERY:
            self._tell()

    def end(self) -> None:
        self._tell()

    def _tell(self) -> None:
        self.told = time.time()
        record = {
            "stage": self.stage,
            "done": self.done,
            "total": self.total,
            "first": self.first,
            "seconds": self.told - self.start,
        }
        beside = self.path.with_suffix(".tmp")
        with suppress(OSError):
            beside.write_bytes(orjson.dumps(record))
            beside.replace(self.path)


def progress_of(state: State, model: ModelRecord) -> wire.TrainingProgress:
    """The place in the queue of a model that waits; stage, steps and time left of one that is trained."""
    if model.status == QUEUED:
        return wire.TrainingProgress(place=state.store.before(model.id))
    try:
        record = orjson.loads((state.model(model.id) / PROGRESS).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return wire.TrainingProgress()
    done, total, fresh = record["done"], record["total"], record["done"] - record["first"]
    if record["stage"] not in SHARES or not total:
        return wire.TrainingProgress(stage=record["stage"])
    first, last = SHARES[record["stage"]]
    left = record["seconds"] / fresh * (total - done) if fresh > 0 else None
    percent = first + (last - first) * min(done / total, 1.0)
    return wire.TrainingProgress(
        stage=record["stage"],
        step=done,
        steps=total,
        percent=round(percent, 1),
        seconds_left=None if left is None else round(left, 1),
    )
