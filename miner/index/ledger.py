"""What was read so far, kept on disk: every id with its place, every text with its row and its hashes."""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO

from miner.data import Passage
from miner.errors import InputError, OutputError

CACHE_KIB = 65536
TABLES = """
create table ids (id text primary key, row integer, source text, offset integer) without rowid;
create table texts (digest blob primary key, row integer) without rowid;
create table aliases (row integer, number integer, id text, source text, offset integer,
                      primary key (row, number)) without rowid;
"""
HASHES = 16
"""Bytes of a passage's hashes: of its text with the title and without."""


class Ledger:
    """Tells new passages from known ones in bounded memory.

    A database and a file without names: they are gone with the process, however that ends. Texts are
    known by 128 bits of BLAKE2b of what they are without presentation. Raises OutputError if the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / f".{secrets.token_hex(8)}.tmp"
        self.number = 0
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            self.base = sqlite3.connect(path, isolation_level=None)
            self.base.executescript(
                f"pragma journal_mode=off; pragma synchronous=off; pragma locking_mode=exclusive;"
                f"pragma temp_store=memory; pragma cache_size=-{CACHE_KIB}; {TABLES} begin"
            )
            self.held: IO[bytes] = TemporaryFile(dir=folder)  # noqa: SIM115 - it goes with the ledger
        except (sqlite3.Error, OSError) as error:
            raise OutputError(f"{folder}: cannot be written ({error})") from None
        finally:
            path.unlink(missing_ok=True)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.base.close()
        with suppress(OSError):
            self.held.close()
        if isinstance(error, sqlite3.Error):
            raise OutputError(f"what was read cannot be kept on disk ({error})") from None

    def claim(self, passage: Passage, row: int, folded: bytes) -> bool:
        """Whether the text, also given `folded`, is new and takes `row`; else its id becomes an alias of its row.

        Raises InputError if the id stands for another text already.
        """
        digest = hashlib.blake2b(folded, digest_size=16).digest()
        known = self.base.execute("select row from texts where digest = ?", (digest,)).fetchone()
        target: int = known[0] if known else row
        place = (passage.source, passage.offset)
        claim = "insert or ignore into ids values (?, ?, ?, ?)"
        if not self.base.execute(claim, (passage.id, target, *place)).rowcount:
            self._same(passage, target)
            return False
        if known:
            self.number += 1
            alias = (target, self.number, passage.id, *place)
            self.base.execute("insert into aliases values (?, ?, ?, ?, ?)", alias)
        else:
            self.base.execute("insert into texts values (?, ?)", (digest, row))
        return not known

    def keep(self, hashes: bytes) -> None:
        """The hashes of the passage of the next row."""
        with self._kept():
            self.held.write(hashes)

    def hashes(self, start: int, stop: int) -> bytes:
        """What was kept of rows start:stop."""
        with self._kept():
            self.held.seek(HASHES * start)
            return self.held.read(HASHES * (stop - start))

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(f"what was read cannot be kept on disk ({error.strerror})") from None

    def aliases(self, start: int, stop: int) -> Iterator[tuple[int, str, str, int]]:
        """Row, id, source and offset of the further ids of rows start:stop, by row, in the order read."""
        yield from self.base.execute(
            "select row, id, source, offset from aliases where row >= ? and row < ? order by row, number",
            (start, stop),
        )

    def _same(self, passage: Passage, row: int) -> None:
        query = "select row, source, offset from ids where id = ?"
        first, source, offset = self.base.execute(query, (passage.id,)).fetchone()
        if first != row:
            raise InputError(
                passage.source or "passages",
                passage.offset,
                f"the id {passage.id!r} already names another text, at {source or 'passages'}:{offset}; "
                "expected ids to be unique",
            )
