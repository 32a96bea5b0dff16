"""That this process was told to end: also where the exception that says so is lost in a callback of a library."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any


class Halt:
    """Ctrl-C and SIGTERM raise KeyboardInterrupt wherever the process is. In a callback from C (ctypes, a finalizer) it
    goes no further, and a library may take it for a failure of its own: so it is raised again at the next border of
    a block and before a file takes its place.
    """

    told = False

    def listen(self) -> None:
        """Hear SIGTERM, and Ctrl-C unless it was set aside, as in the background of a shell."""
        signal.signal(signal.SIGTERM, self.tell)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self.tell)
        sys.unraisablehook = _unraisable

    def tell(self, number: int, frame: FrameType | None) -> None:
        """The handler of a signal."""
        self.told = True
        raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt if the process was told to end; in the main thread, the only one that it ends."""
        if self.told and threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """A block that Ctrl-C ends, and nothing else."""
        with suppress(KeyboardInterrupt):
            yield
        self.told = False


halt = Halt()


def _unraisable(lost: Any) -> None:
    """Python tells of exceptions that nobody can catch; not of this one, which comes again."""
    if lost.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(lost)
