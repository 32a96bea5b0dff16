"""Where a training run lives until it is done: '.NAME.partial' beside the output.

It holds the settings it belongs to, checkpoints, the best model so far and the metrics by step. The same command
finds it and goes on from the last whole checkpoint; the finished model is renamed into place, the folder removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from miner.errors import ConfigError, Locked, OutputError
from miner.storage import files

SETTINGS, METRICS, MODEL, CHECKPOINTS = "settings.json", "metrics.jsonl", "model", "checkpoints"
BEST = "best"
"""Folders of the best state so far are named so, and by their step."""
COPIES = 9
"""Weights on disk at the worst moment: two checkpoints of weights and two moments, three models."""


class Workspace:
    """The partial folder of one output."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.folder = output.with_name(f".{output.name}.partial")
        self.checkpoints = self.folder / CHECKPOINTS
        self.metrics = self.folder / METRICS
        self.model = self.folder / MODEL

    def check(self) -> None:
        """Raises ConfigError where the output exists, which is never overwritten."""
        if self.output.exists():
            raise ConfigError(f"{self.output}: is already there; remove it or choose another name")

    @contextmanager
    def opened(self, settings: Mapping[str, Any], weights: int) -> Iterator[None]:
        """Hold the folder for this process. `weights` is the size of the model in bytes.

        Raises ConfigError where the output exists or a run with other settings lies there, Locked while
        another process trains, OutputError where the disk is too full.
        """
        self.check()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.output}: cannot be written ({error.strerror})") from None
        with (self.folder / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Locked(f"{self.output}: another process is training it") from None
            self._claim(settings)
            if not self.latest():
                self._demand(COPIES * weights)
            yield

    def _claim(self, settings: Mapping[str, Any]) -> None:
        path = self.folder / SETTINGS
        ours = orjson.dumps(settings, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        if path.exists() and path.read_bytes() != ours:
            raise ConfigError(
                f"{self.folder}: holds an unfinished run with other settings or data; "
                "finish it with its own command, or remove the folder"
            )
        files.write_bytes(path, ours)

    def _demand(self, needed: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise OutputError(
                f"{self.output}: needs about {needed >> 20} MiB for checkpoints and the model, "
                f"{free >> 20} MiB are free"
            )

    def latest(self) -> Path | None:
        """The newest whole checkpoint; its state is written last, so one that can be read is whole."""
        whole = [folder for folder in self.checkpoints.glob("checkpoint-*") if step_of(folder)]
        return max(whole, key=step_of, default=None)

    def rewind(self, checkpoint: Path | None) -> None:
        """Forget what comes after the checkpoint, metrics and models, and checkpoints that are not whole."""
        step = step_of(checkpoint)
        for folder in self.checkpoints.glob("checkpoint-*"):
            if not step_of(folder):
                shutil.rmtree(folder)
        for folder in self.folder.glob(f"{BEST}-*"):
            if int(folder.name.removeprefix(f"{BEST}-")) > step:
                shutil.rmtree(folder)
        if self.metrics.exists():
            kept = [record for record in read_metrics(self.metrics) if record["step"] <= step]
            files.write_jsonl(self.metrics, kept if checkpoint else [])

    def discard(self) -> None:
        """Remove all of it: there is nothing to go on from."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def publish(self) -> None:
        """Put the model folder in its place and clean up."""
        try:
            mode = (self.folder / SETTINGS).stat().st_mode
            for path in (*self.model.rglob("*"), self.model):
                if path.is_file():
                    path.chmod(mode)
                _sync(path)
            self.model.rename(self.output)
            files.sync_folder(self.output.parent)
        except OSError as error:
            raise OutputError(f"{self.output}: cannot be written ({error.strerror})") from None
        shutil.rmtree(self.folder, ignore_errors=True)


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The metrics by step that a run, also a living one, has written so far.

    Records have 'step', 'epoch', 'seconds' and either 'loss' and 'learning_rate' or the metrics on the
    evaluation rows. A last line that is still being written is left out.
    """
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [orjson.loads(line) for line in lines]


def step_of(checkpoint: Path | None) -> int:
    """The step of a whole checkpoint, 0 for another or none."""
    if checkpoint is None:
        return 0
    try:
        return int(orjson.loads((checkpoint / "trainer_state.json").read_bytes())["global_step"])
    except (OSError, ValueError, KeyError):
        return 0


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
