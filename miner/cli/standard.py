"""Standard input, output and error, as the command line finds them: closed, or of an encoding that lacks letters."""

from __future__ import annotations

import io
import os
import sys
from typing import IO, cast

OPENED = (os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)
"""How the empty device is opened for a stream that is closed: what is written to standard output fails."""


def ready() -> None:
    """Make all three streams usable. No file that is opened later takes the number of one that was closed."""
    for number, way in enumerate(OPENED):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, way)
    sys.stdin = sys.stdin or _text(0, "rb")
    sys.stdout = sys.stdout or _text(1, "wb")
    sys.stderr = sys.stderr or _text(2, "wb")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _text(number: int, mode: str) -> io.TextIOWrapper:
    """Without a buffer: what cannot be written is not tried again when the program ends."""
    stream = cast(IO[bytes], open(number, mode, buffering=0, closefd=False))  # noqa: SIM115
    return io.TextIOWrapper(stream, encoding="utf-8", write_through=True)
