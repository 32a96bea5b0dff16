"""A look at the footer of a parquet file in a process that may die of it."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
from pathlib import Path

from miner.errors import InputError
from miner.files import open_binary

SECONDS = 60


def check_footer(path: Path) -> None:
    """Raise InputError for a footer that ends the process that reads it.

    Arrow (26.0 at the latest seen) throws out of the constructor of a column's metadata where its histograms
    do not fit its levels, and nothing can catch that: such a file would take miner down with it. What Arrow
    refuses in good order passes here.
    """
    child = os.fork()
    if not child:
        _look(path)
    _, status = os.waitpid(child, 0)
    if status:
        raise InputError(path, None, "is not a readable parquet file (its footer is damaged)")


def _look(path: Path) -> None:
    """In the child: read all of the footer, quietly; does not return."""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        faulthandler.disable()
        for number in (signal.SIGALRM, signal.SIGABRT, signal.SIGSEGV):
            signal.signal(number, signal.SIG_DFL)
        signal.alarm(SECONDS)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with open_binary(path) as stream:
            _read_all(stream)
    finally:
        os._exit(0)


def _read_all(stream: object) -> None:
    import pyarrow.parquet as pq

    footer = pq.ParquetFile(stream, pre_buffer=False).metadata
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        for column in range(footer.num_columns):
            group.column(column)
