"""A look at the footers of parquet files in a process that may die of one."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path

from miner.errors import InputError
from miner.storage.files import open_binary

SECONDS = 60
MAGIC = b"PAR1"
LOOK = """
import faulthandler, os, resource, select
import pyarrow.parquet as pq

def look(stream):
    footer = pq.ParquetFile(stream, pre_buffer=False).metadata
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        for column in range(footer.num_columns):
            group.column(column)

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
faulthandler.disable()
with open(0, "rb", buffering=0) as asked:
    while select.select([asked], [], [], 3)[0] and (line := asked.readline()):
        try:
            with open(bytes.fromhex(line.decode()), "rb") as stream:
                look(stream)
        except Exception:
            pass
        os.write(1, b".")
"""
"""Ends when the process that asks it does, and after three seconds without a question."""


def check_footer(path: Path) -> None:
    """Raise InputError for a footer that ends the process that reads it.

    Arrow (26.0 at the latest seen) throws out of the constructor of a column's metadata where its histograms
    do not fit its levels, and nothing can catch that: such a file would take miner down with it. What Arrow
    refuses in good order passes here. The process is a fresh one, as a fork of one with threads may hang; it
    looks at the files that come soon after too, for its start takes longer than a hundred of them.
    """
    with open_binary(path) as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            return
    try:
        survived = _onlookers.setdefault(os.getpid(), _Onlooker()).survives(path.absolute())
    except TimeoutError:
        raise InputError(path, None, f"takes over {SECONDS} seconds to read its footer") from None
    if not survived:
        raise InputError(path, None, "is not a readable parquet file (its footer is damaged)")


class _Onlooker:
    """The process that looks, begun when it is asked and not there."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def survives(self, path: Path) -> bool:
        """Whether no signal ends the process that looks at the file; TimeoutError after SECONDS."""
        with self.lock:
            try:
                if (code := self._ended_by(path)) == 0:
                    code = self._ended_by(path)
            except BaseException:
                self.end()
                raise
        return code is None or code >= 0

    def _ended_by(self, path: Path) -> int | None:
        """What the process ended with, None where it goes on; 0 where it ended for want of a question."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(os.fsencode(path).hex().encode() + b"\n")
        if not wait([process.stdout], SECONDS):  # type: ignore[list-item]
            raise TimeoutError
        return None if process.stdout.read(1) else process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process and self.process.poll() is None:
            return self.process
        self.end()
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", LOOK],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self.process

    def end(self) -> None:
        """End the process where it runs, and close what leads to it."""
        if self.process:
            with self.process:
                self.process.kill()
            self.process = None


_onlookers: dict[int, _Onlooker] = {}
"""That of this process; forks begin their own."""


@atexit.register
def _ended() -> None:
    if onlooker := _onlookers.get(os.getpid()):
        onlooker.end()
