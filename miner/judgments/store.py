"""FILE.judgments.jsonl: appended to by any number of processes at once, each judgment whole or not at all.

Nothing in it is ever changed: who takes a judgment back writes that down too. A line that a crash cut short
is dropped by whoever writes next.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

import orjson

from miner.errors import InputError, OutputError
from miner.judgments.read import enter
from miner.judgments.record import WITHDRAWN, Judgment, JudgmentBook
from miner.storage.files import check_writable, sync_folder
from miner.storage.paths import as_path

JUDGMENTS = "judgments.jsonl"


class JudgmentStore:
    """The judgments of a file, kept up to date with it; safe in threads."""

    def __init__(self, path: str | Path) -> None:
        """Raises InputError for a line that is no judgment."""
        self.path, self.book = as_path(path, "the file of judgments"), JudgmentBook()
        self._read, self._lines, self._lock = 0, 0, RLock()
        self.refresh()

    def refresh(self) -> int:
        """Take in what was written since, by this process or another; how many lines that was."""
        with self._lock:
            try:
                with self.path.open("rb") as stream:
                    stream.seek(self._read)
                    data = stream.read()
            except (FileNotFoundError, NotADirectoryError):
                return 0
            except OSError as error:
                raise OutputError(f"{self.path}: cannot be read ({error.strerror})") from None
            whole, before = data[: _end(data)], self._lines
            for line in whole.splitlines():
                self._lines += 1
                self._enter(line)
            self._read += len(whole)
            return self._lines - before

    def _enter(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InputError(self.path, self._lines, f"is not valid JSON ({error})") from None
        if not isinstance(record, dict):
            raise InputError(self.path, self._lines, "is not a judgment; expected a JSON object")
        enter(self.book, record, self.path, self._lines)

    def check(self) -> None:
        """Raise OutputError, before anybody is asked for a judgment, where none could be kept."""
        if not self.path.is_file():
            check_writable(self.path)
        elif not os.access(self.path, os.W_OK):
            raise OutputError(f"{self.path}: cannot be written (no permission)")

    def append(self, *judgments: Judgment) -> None:
        """Write judgments through to the disk, all or none. Raises OutputError."""
        with self._lock:
            self._write(judgment.record() for judgment in judgments)
            self.refresh()

    def withdraw(self, judgment: Judgment) -> None:
        """Take back the last that its judge said of its pair. Raises OutputError."""
        with self._lock:
            self._write([judgment.record() | {"verdict": WITHDRAWN}])
            self.refresh()

    def _write(self, records: Iterable[dict[str, object]]) -> None:
        data = b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)
        if not data:
            return
        with self._opened() as file:
            start = os.fstat(file).st_size
            try:
                if os.write(file, data) != len(data):
                    raise OSError("no space left")
                os.fsync(file)
            except OSError as error:
                os.ftruncate(file, start)
                raise self._failed(error) from None

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """The file for writing at its end, which is that of a line; other writers wait."""
        try:
            new = not os.path.lexists(self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self._failed(error) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if new:
                sync_folder(self.path.parent)
            _mend(file)
            yield file
        finally:
            os.close(file)

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(f"{self.path}: cannot be written ({error.strerror or error})")


def _end(data: bytes) -> int:
    """Where the last whole line ends; it may lack its line end."""
    end = data.rfind(b"\n") + 1
    try:
        orjson.loads(data[end:])
    except orjson.JSONDecodeError:
        return end
    return len(data)


def _mend(file: int) -> None:
    """End the last line, or drop it if it was cut short."""
    size = os.fstat(file).st_size
    if not size or os.pread(file, 1, size - 1) == b"\n":
        return
    data = os.pread(file, size, 0)
    start = data.rfind(b"\n") + 1
    try:
        orjson.loads(data[start:])
        os.write(file, b"\n")
    except orjson.JSONDecodeError:
        os.ftruncate(file, start)
