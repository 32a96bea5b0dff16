"""Job processes, one of a kind at a time: validations of uploads, and training runs in the order they came."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from miner.serving.job_process import JOB, OUTCOME
from miner.serving.memory import Budget
from miner.serving.scoring import ScoringThread
from miner.serving.state import SIDES, State, remove
from miner.serving.store import (
    DEPLOYING,
    FAILED,
    FINETUNING,
    READY,
    UNCHECKED,
    UNFINISHED,
    DatasetRecord,
    ModelRecord,
    now,
)
from miner.storage import files

ATTEMPTS = 3
"""Times that a job that something killed is begun or gone on with, before it counts as failed."""
LOG = "job.log"
POLL, GRACE, IDLE = 0.2, 10.0, 5.0
CANCELLED = "cancelled"
log = logging.getLogger("miner.serving")


@dataclass(frozen=True)
class Outcome:
    """What came of a job process. Without a result, `error` says why."""

    result: dict[str, Any] | None = None
    error: str = ""


class Stopped(BaseException):
    """The server stops; the job goes on when it is started again."""


class Runner(threading.Thread):
    """A thread that does what `work` finds to do, one after the other, until it is stopped."""

    def __init__(self, name: str, work: Callable[[Runner], bool], budget: Budget | None = None) -> None:
        super().__init__(name=name, daemon=True)
        self.work, self.budget = work, budget or Budget()
        self.woken, self.stopping = threading.Event(), threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                if self.work(self):
                    continue
            except Stopped:
                return
            except Exception:
                log.exception("a job could not be run", extra={"event": "job"})
                self.stopping.wait(1.0)
            self.woken.wait(IDLE)
            self.woken.clear()

    def wake(self) -> None:
        self.woken.set()

    def stop(self) -> None:
        """End the job that runs, whose work so far is kept, and the thread."""
        self.stopping.set()
        self.woken.set()
        self.join(2 * GRACE)

    def process(self, kind: str, folder: Path, job: dict[str, Any], wanted: Callable[[], bool]) -> Outcome:
        """Run a job to its end, begin again what was killed, end it when it is no longer `wanted`."""
        files.write_json(folder / JOB, job)
        (folder / JOB).chmod(0o600)
        ended: int | str = 0
        for attempt in range(1, ATTEMPTS + 1):
            (folder / OUTCOME).unlink(missing_ok=True)
            log.info(
                "job begins", extra={"event": "job", "kind": kind, "id": folder.name, "attempt": attempt}
            )
            ended = self._once(kind, folder, wanted)
            if not wanted():
                return Outcome(error=CANCELLED)
            if isinstance(ended, str):
                return Outcome(error=ended)
            outcome = _outcome(folder)
            if outcome is not None:
                return outcome
        how = f"by signal {-int(ended)}" if int(ended) < 0 else f"with exit code {ended}"
        return Outcome(
            error=f"the job ended {how}, {ATTEMPTS} times; {LOG} in the folder of {folder.name} has more"
        )

    def _once(self, kind: str, folder: Path, wanted: Callable[[], bool]) -> int | str:
        """The exit code of the job, or why it was ended before its time."""
        command = [sys.executable, "-m", "miner.serving.job_process", kind, str(folder)]
        (folder / LOG).touch(mode=0o600)
        with (folder / LOG).open("ab") as talk:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=talk, stderr=talk, start_new_session=True, umask=0o077
            )
        with process:
            refused = ""
            while not self.stopping.is_set() and wanted() and not refused:
                try:
                    return process.wait(POLL)
                except subprocess.TimeoutExpired:
                    refused = self.budget.refused(process.pid)
            ended = _end(process)
        if self.stopping.is_set():
            raise Stopped
        return refused or ended


def _end(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    try:
        return process.wait(GRACE)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        return process.wait()


def _outcome(folder: Path) -> Outcome | None:
    try:
        found = orjson.loads((folder / OUTCOME).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return Outcome(found.get("result"), found["error"] or "")


def validations(state: State) -> Callable[[Runner], bool]:
    """Judges the uploads that wait, the earliest first."""
    store = state.store

    def work(runner: Runner) -> bool:
        waiting = store.all(DatasetRecord, "status IN (?, ?)", UNCHECKED)
        if not waiting:
            return False
        id, folder = waiting[0].id, state.dataset(waiting[0].id)
        store.update(DatasetRecord, id, UNCHECKED, status="processing")
        names = {part["id"]: part["name"] for part in waiting[0].parts}
        outcome = runner.process(
            "validate", folder, {"names": names}, lambda: store.get(DatasetRecord, id) is not None
        )
        found = outcome.result or {"status": "failed", "error": outcome.error}
        if not store.update(DatasetRecord, id, UNCHECKED, **found):
            remove(folder)
        log.info("data set judged", extra={"event": "dataset", "id": id, "status": found["status"]})
        return True

    return work


def trainings(state: State, scorer: ScoringThread) -> Callable[[Runner], bool]:
    """Trains the models that wait, the earliest first; one that had begun when the server ended goes on."""
    store = state.store

    def work(runner: Runner) -> bool:
        marks = ", ".join("?" * len(UNFINISHED))
        waiting = store.all(ModelRecord, f"status IN ({marks})", UNFINISHED)
        if not waiting:
            return False
        id = waiting[0].id
        if waiting[0].status != FINETUNING:
            store.update(ModelRecord, id, UNFINISHED, status=FINETUNING)
        model = store.get(ModelRecord, id)
        if model is None:
            return True
        outcome = runner.process(
            "train", state.model(id), _order(state, model), lambda: _unfinished(state, id)
        )
        _conclude(state, scorer, id, outcome)
        if store.get(ModelRecord, id) is None:
            remove(state.model(id))
        return True

    return work


def _unfinished(state: State, id: str) -> bool:
    model = state.store.get(ModelRecord, id)
    return model is not None and model.status in UNFINISHED


def _order(state: State, model: ModelRecord) -> dict[str, Any]:
    """What the training process is told."""
    folder = state.dataset(model.dataset_id)
    sides = {side: folder / f"{side}.jsonl" for side in SIDES}
    state.model(model.id).mkdir(exist_ok=True, mode=0o700)
    given = model.settings.get("hyperparameters") or {}
    return {
        "train": str(sides["train"]),
        "eval": str(sides["eval"]) if sides["eval"].exists() else None,
        "settings": {"model": model.base, **settings_of(given)},
    }


def settings_of(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those of TrainSettings that hyperparameters give."""
    named = {
        "epochs": "train_epochs",
        "batch_size": "train_batch_size",
        "learning_rate": "learning_rate",
        "patience": "early_stopping_patience",
    }
    return {
        ours: hyperparameters[theirs]
        for ours, theirs in named.items()
        if hyperparameters.get(theirs) is not None
    }


def _conclude(state: State, scorer: ScoringThread, id: str, outcome: Outcome) -> None:
    """Put a finished model to use, or say why there is none."""
    error = outcome.error.replace(f"{state.folder}/", "")
    if outcome.result is not None and state.store.update(ModelRecord, id, UNFINISHED, status=DEPLOYING):
        try:
            scorer.prepare(str(state.weights(id)))
            changes = {"status": READY, "evaluation": outcome.result, "completed_at": now()}
            state.store.update(ModelRecord, id, UNFINISHED, **changes)
        except Exception as failure:
            error = f"the model was trained and cannot be loaded: {failure}"
    if error:
        state.store.update(ModelRecord, id, UNFINISHED, status=FAILED, error=error)
    log.info("training ended", extra={"event": "model", "id": id, "error": error or None})
