"""A look at the footer of a parquet file in a process that may die of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from miner.errors import InputError
from miner.storage.files import open_binary

SECONDS = 60
MAGIC = b"PAR1"
LOOK = """
import faulthandler, resource, sys
import pyarrow.parquet as pq

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
faulthandler.disable()
footer = pq.ParquetFile(sys.argv[1], pre_buffer=False).metadata
for number in range(footer.num_row_groups):
    group = footer.row_group(number)
    for column in range(footer.num_columns):
        group.column(column)
"""


def check_footer(path: Path) -> None:
    """Raise InputError for a footer that ends the process that reads it.

    Arrow (26.0 at the latest seen) throws out of the constructor of a column's metadata where its histograms
    do not fit its levels, and nothing can catch that: such a file would take miner down with it. What Arrow
    refuses in good order passes here. The process is a fresh one: a fork of one with threads may hang.
    """
    with open_binary(path) as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            return
    command = [sys.executable, "-I", "-c", LOOK, str(path.absolute())]
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise InputError(path, None, f"takes over {SECONDS} seconds to read its footer") from None
    if done.returncode < 0:
        raise InputError(path, None, "is not a readable parquet file (its footer is damaged)")
