"""Who may do what in an index folder at once: one builder, any number of readers.

Locks are flock(2), so that the lock of a dead process is free. Readers never wait for a builder: it
only adds files beside theirs, and deletes old ones when nobody reads.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from miner.errors import Locked, OutputError

BUILDER, READERS = ".building", ".reading"


@contextmanager
def building(folder: Path) -> Iterator[None]:
    """Be the only builder in a folder. Raises Locked with the process id of another one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / READERS).touch()
        descriptor = os.open(folder / BUILDER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 20).decode("ascii", "replace") or "another process"
            raise Locked(f"{folder}: process {owner} is building here; wait for it, or stop it") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


class Reading:
    """Held as long as an index is open: files that it may need are not deleted meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.descriptor: int | None = None
        try:
            self.descriptor = os.open(folder / READERS, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(self.descriptor, fcntl.LOCK_SH)
        except OSError:
            self.close()

    def close(self, closing: Callable[[int], None] = os.close) -> None:
        """`closing` is bound here: an index that is open as the interpreter ends outlives this module's names."""
        if self.descriptor is not None:
            closing(self.descriptor)
            self.descriptor = None

    __del__ = close


@contextmanager
def nobody_reading(folder: Path) -> Iterator[bool]:
    """Whether nobody reads the index; nobody begins to while the block runs."""
    descriptor = os.open(folder / READERS, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield _alone(descriptor)
    finally:
        os.close(descriptor)


def _alone(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
