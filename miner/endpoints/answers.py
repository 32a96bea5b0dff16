"""What was paid for, kept: bytes by key in a file that any number of processes may share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from miner.errors import OutputError

AT_ONCE = 500
"""Keys looked up by one statement."""


class AnswerStore:
    """Each `put` is on the disk when it returns. Raises OutputError where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """What is known of the keys."""
        found = dict[bytes, bytes]()
        if not self.path.exists():
            return found
        try:
            with closing(self._open()) as store:
                for start in range(0, len(keys), AT_ONCE):
                    few = keys[start : start + AT_ONCE]
                    marks = ",".join("?" * len(few))
                    found |= dict(
                        store.execute(f"SELECT key, value FROM answers WHERE key IN ({marks})", few)  # noqa: S608
                    )
        except sqlite3.Error as error:
            raise self._failed(error) from None
        return found

    def put(self, answers: Mapping[bytes, bytes] | Iterable[tuple[bytes, bytes]]) -> None:
        pairs = list(answers.items() if isinstance(answers, Mapping) else answers)
        try:
            with closing(self._open()) as store, store:
                store.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", pairs)
        except sqlite3.Error as error:
            raise self._failed(error) from None

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        store = sqlite3.connect(self.path, timeout=60)
        store.execute("CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
        return store

    def _failed(self, error: sqlite3.Error) -> OutputError:
        return OutputError(f"{self.path}: cannot be used to keep answers ({error})")
