"""What the server remembers, in SQLite: data sets, fine-tuned models and what became of them.

Every change is on disk when the call returns (full synchronisation), so that what was acknowledged is there
after a crash. One connection, one lock: calls take well under a millisecond besides the disk.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson

from miner.errors import ConfigError

FORMAT = 2
READY, FAILED, QUEUED = "STATUS_READY", "STATUS_FAILED", "STATUS_QUEUED"
FINETUNING, DEPLOYING = "STATUS_FINETUNING", "STATUS_DEPLOYING_API"
UNFINISHED = (QUEUED, FINETUNING, DEPLOYING)
UNCHECKED = ("queued", "processing")

SCHEMA = """
CREATE TABLE IF NOT EXISTS datasets (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, name TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, status TEXT NOT NULL, error TEXT,
    warnings TEXT NOT NULL, parts TEXT NOT NULL, metrics TEXT NOT NULL, previews TEXT NOT NULL,
    findings TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS models (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, name TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, completed_at TEXT, status TEXT NOT NULL, error TEXT,
    dataset_id TEXT NOT NULL, base TEXT NOT NULL, settings TEXT NOT NULL, evaluation TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, model_id TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_of ON events (model_id);
"""


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """An upload. `parts` describe its files, `previews` what the page shows of them, `findings` what was found."""

    id: str
    name: str
    created_at: str
    updated_at: str
    status: str = "queued"
    error: str | None = None
    warnings: list[str] = field(default_factory=list)
    parts: list[dict[str, Any]] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    previews: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A fine-tuned model, from its place in the queue to its end. `base` is what the base name stood for."""

    id: str
    name: str
    created_at: str
    updated_at: str
    dataset_id: str
    base: str
    settings: dict[str, Any]
    status: str = QUEUED
    error: str | None = None
    completed_at: str | None = None
    evaluation: dict[str, Any] = field(default_factory=dict)


Record = TypeVar("Record", DatasetRecord, ModelRecord)
TABLES: dict[type, str] = {DatasetRecord: "datasets", ModelRecord: "models"}
JSON = ("warnings", "parts", "metrics", "previews", "findings", "settings", "evaluation")


def now() -> str:
    """The time, UTC, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Database:
    """The database of one state folder. Raises ConfigError for a file that is none or of another format."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        path.touch(mode=0o600)
        self.connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        try:
            found = self.connection.execute("PRAGMA user_version").fetchone()[0]
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=FULL")
            if found in (0, FORMAT):
                self.connection.executescript(SCHEMA)
                self.connection.execute(f"PRAGMA user_version={FORMAT}")
        except sqlite3.DatabaseError as error:
            self.connection.close()
            raise ConfigError(f"{path}: is not a server's state ({error})") from None
        if found not in (0, FORMAT):
            self.connection.close()
            raise ConfigError(f"{path}: has format {found}; this miner reads format {FORMAT}")

    def close(self) -> None:
        with self.lock:
            self.connection.close()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or nothing."""
        with self.lock:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def add(self, record: DatasetRecord | ModelRecord) -> None:
        values = _encoded(asdict(record))
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        with self.change() as connection:
            statement = f"INSERT INTO {TABLES[type(record)]} ({names}) VALUES ({marks})"  # noqa: S608
            connection.execute(statement, tuple(values.values()))
            if isinstance(record, ModelRecord):
                _event(connection, record.id, record.status)

    def get(self, kind: type[Record], id: str) -> Record | None:
        return next(iter(self.all(kind, "id = ?", (id,))), None)

    def all(self, kind: type[Record], where: str = "1", values: Sequence[Any] = ()) -> list[Record]:
        """Records in the order in which they were made. `where` is SQL of this package, never of a user."""
        statement = f"SELECT * FROM {TABLES[kind]} WHERE {where} ORDER BY number"  # noqa: S608
        with self.lock:
            rows = self.connection.execute(statement, values).fetchall()
        return [_decoded(kind, row) for row in rows]

    def update(
        self, kind: type[DatasetRecord | ModelRecord], id: str, among: Sequence[str] = (), **changes: Any
    ) -> bool:
        """Change a record, where its status is one `among` those given, if any are; whether it was changed."""
        changes["updated_at"] = now()
        values = _encoded(changes)
        sets = ", ".join(f"{name} = ?" for name in values)
        where = f"id = ? AND status IN ({', '.join('?' * len(among))})" if among else "id = ?"
        statement = f"UPDATE {TABLES[kind]} SET {sets} WHERE {where}"  # noqa: S608
        with self.change() as connection:
            done = connection.execute(statement, (*values.values(), id, *among)).rowcount > 0
            if done and kind is ModelRecord and "status" in changes:
                _event(connection, id, changes["status"])
        return done

    def delete(self, kind: type[DatasetRecord | ModelRecord], id: str) -> bool:
        """Forget a record; whether there was one. A data set that an unfinished model needs stays."""
        marks = ", ".join("?" * len(UNFINISHED))
        unused = f"NOT EXISTS (SELECT 1 FROM models WHERE dataset_id = ? AND status IN ({marks}))"  # noqa: S608
        where, values = (
            ("id = ?", (id,)) if kind is ModelRecord else (f"id = ? AND {unused}", (id, id, *UNFINISHED))
        )
        with self.change() as connection:
            gone = connection.execute(f"DELETE FROM {TABLES[kind]} WHERE {where}", values).rowcount > 0  # noqa: S608
            if gone and kind is ModelRecord:
                connection.execute("DELETE FROM events WHERE model_id = ?", (id,))
        return gone

    def statuses(self, kind: type[DatasetRecord | ModelRecord]) -> dict[str, int]:
        """How many records have each status."""
        statement = f"SELECT status, COUNT(*) FROM {TABLES[kind]} GROUP BY status"  # noqa: S608
        with self.lock:
            return {status: count for status, count in self.connection.execute(statement).fetchall()}

    def before(self, model_id: str) -> int:
        """How many unfinished models come before this one."""
        marks = ", ".join("?" * len(UNFINISHED))
        statement = (
            f"SELECT COUNT(*) FROM models WHERE status IN ({marks}) "  # noqa: S608
            "AND number < (SELECT number FROM models WHERE id = ?)"
        )
        with self.lock:
            return int(self.connection.execute(statement, (*UNFINISHED, model_id)).fetchone()[0])

    def events(self, model_id: str) -> list[dict[str, Any]]:
        statement = "SELECT status, created_at FROM events WHERE model_id = ? ORDER BY number"
        with self.lock:
            return [dict(row) for row in self.connection.execute(statement, (model_id,)).fetchall()]


def _event(connection: sqlite3.Connection, model_id: str, status: str) -> None:
    statement = "INSERT INTO events (model_id, status, created_at) VALUES (?, ?, ?)"
    connection.execute(statement, (model_id, status, now()))


def _encoded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: orjson.dumps(value).decode() if name in JSON else value for name, value in values.items()}


def _decoded(kind: type[Record], row: sqlite3.Row) -> Record:
    values = {each.name: row[each.name] for each in fields(kind)}
    return kind(**{name: orjson.loads(value) if name in JSON else value for name, value in values.items()})
