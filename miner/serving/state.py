"""The state folder of a server: one server at a time, and nothing in it that the database does not know."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from pathlib import Path
from typing import BinaryIO

from miner.errors import ConfigError, Locked, OutputError
from miner.serving.store import Database, DatasetRecord, ModelRecord
from miner.storage import files

DATABASE, LOCK = "serve.sqlite", "lock"
DATASETS, MODELS, UPLOADS = "datasets", "models", "uploads"
RESERVE, RESERVED = "reserve", 2**20
"""A file that is given up where a full disk does not even let something be deleted, and its bytes."""
SIDES = ("train", "eval")


class State:
    """Folders and database. Raises Locked while another server uses them, OutputError where they cannot be made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"{folder}: is a file; expected a folder for the server's state")
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in (DATASETS, MODELS, UPLOADS):
                (self.folder / name).mkdir(exist_ok=True, mode=0o700)
            (self.folder / LOCK).touch(mode=0o600)
            self.lock = (self.folder / LOCK).open("ab")
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written ({error.strerror})") from None
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.lock.close()
            raise Locked(f"{folder}: another server is at work there") from None
        self.store = Database(self.folder / DATABASE)
        self._sweep()
        self._keep_private()
        self._reserve()

    def close(self) -> None:
        self.store.close()
        self.lock.close()

    def dataset(self, id: str) -> Path:
        return self.folder / DATASETS / id

    def model(self, id: str) -> Path:
        """Where the training run of a model lives."""
        return self.folder / MODELS / id

    def weights(self, id: str) -> Path:
        """The finished model."""
        return self.model(id) / "model"

    def partial_metrics(self, id: str) -> Path:
        """The metrics by step of a run that is not finished."""
        return self.model(id) / ".model.partial" / "metrics.jsonl"

    def receive(self, id: str) -> Path:
        """An empty folder for the files of an upload that is not yet a data set."""
        folder = self.folder / UPLOADS / id
        folder.mkdir(mode=0o700)
        return folder

    def settle(self, id: str) -> None:
        """Make a data set's folder of an upload's, synced."""
        upload = self.folder / UPLOADS / id
        files.sync_folder(upload)
        upload.rename(self.dataset(id))
        files.sync_folder(self.folder / DATASETS)

    def forget(self, kind: type[DatasetRecord | ModelRecord], id: str) -> bool:
        """Delete a record and then its folder, also where the disk is full; False for a data set in use."""
        try:
            gone = self.store.delete(kind, id)
        except sqlite3.OperationalError:
            (self.folder / RESERVE).unlink(missing_ok=True)
            gone = self.store.delete(kind, id)
        if gone:
            remove(self.dataset(id) if kind is DatasetRecord else self.model(id))
            self._reserve()
        return gone

    def _reserve(self) -> None:
        """Lay the reserve aside anew; a disk too full for it has it tried again after the next deletion."""
        path = self.folder / RESERVE
        if path.exists():
            return
        try:
            with path.open("xb") as stream:
                path.chmod(0o600)
                stream.write(b"\0" * RESERVED)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError:
            path.unlink(missing_ok=True)

    def _keep_private(self) -> None:
        """Nothing in the folder is for other users, whatever it was made with."""
        for path in self.folder.rglob("*"):
            mode = 0o700 if path.is_dir() else 0o600
            if not path.is_symlink() and path.stat().st_mode & 0o777 != mode:
                path.chmod(mode)

    def _sweep(self) -> None:
        """Delete what a crash left: uploads that were never acknowledged, folders of what was deleted."""
        for upload in (self.folder / UPLOADS).iterdir():
            remove(upload)
        known = {
            DATASETS: {dataset.id for dataset in self.store.all(DatasetRecord)},
            MODELS: {model.id for model in self.store.all(ModelRecord)},
        }
        for name, ids in known.items():
            for folder in (self.folder / name).iterdir():
                if folder.name not in ids:
                    remove(folder)


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def copy_synced(source: BinaryIO, target: Path) -> int:
    """Write all of a stream into a new file, synced; its bytes."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        shutil.copyfileobj(source, stream, 1 << 20)
        stream.flush()
        os.fsync(stream.fileno())
        return stream.tell()
