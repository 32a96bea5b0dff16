"""Files that are written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from glob import escape
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from miner.errors import OutputError
from miner.progress import halt

STDOUT = ("-", "/dev/stdout")


def is_stream(path: Path) -> bool:
    """Whether what is written there goes by: standard output ('-'), a pipe, a device."""
    if str(path) in STDOUT:
        return True
    return path.exists() and not path.is_file() and not path.is_dir()


def check_writable(path: Path) -> None:
    """Raise OutputError, before any work is done, for a place where `atomic` could not write."""
    if is_stream(path):
        return
    home = next(folder for folder in path.absolute().parents if folder.exists())
    if path.is_dir():
        raise OutputError(f"{path}: cannot be written (is a folder)")
    if not home.is_dir():
        raise OutputError(f"{path}: cannot be written ({home} is not a folder)")
    if not os.access(home, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: cannot be written (no permission in {home})")


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """A private temporary file beside `path` that takes its place, synced, when the block ends well.

    A link stays: what it leads to is replaced. A stream is given all at once what was written.
    """
    with together(path) as (stream,):
        yield stream


@contextmanager
def together(*paths: Path) -> Iterator[tuple[BinaryIO, ...]]:
    """A private temporary file beside each of the `paths` of one folder; all take their places, synced,
    when the block ends well.

    Of several processes at once one is whole and the last. A crash among the renamings leaves the last
    of several places empty: where that file is, the others are of the same writer. Where the first is a stream, what
    would lie beside it is not written.
    """
    if is_stream(paths[0]):
        with _passing(paths[0]) as first, ExitStack() as stack:
            yield (first, *(stack.enter_context(TemporaryFile("w+b")) for _ in paths[1:]))
        return
    paths = tuple(path.resolve() if path.is_symlink() else path for path in paths)
    folder = paths[0].parent
    with ExitStack() as stack:
        held = [stack.enter_context(_temporary(path)) for path in paths]
        yield tuple(stream for _, stream in held)
        halt.check()
        with _said_of(paths[0]):
            for _, stream in held:
                _settle(stream)
            with _alone_in(folder) if len(paths) > 1 else nullcontext():
                if len(paths) > 1:
                    paths[-1].unlink(missing_ok=True)
                for (temporary, _), path in zip(held, paths, strict=True):
                    temporary.replace(path)
                for each in dict.fromkeys(path.parent for path in paths):
                    sync_folder(each)


@contextmanager
def _passing(path: Path) -> Iterator[BinaryIO]:
    """A temporary file whose content goes to the stream when the block ends well."""
    with TemporaryFile("w+b") as held:
        yield held
        halt.check()
        held.seek(0)
        try:
            if str(path) in STDOUT:
                shutil.copyfileobj(held, sys.stdout.buffer)
                sys.stdout.buffer.flush()
            else:
                with path.open("wb") as stream:
                    shutil.copyfileobj(held, stream)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None


@contextmanager
def _temporary(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with _said_of(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone_in(path.parent):
            _sweep(path)
            descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            lock(descriptor)
        try:
            with os.fdopen(descriptor, "w+b", buffering=1 << 20) as stream:
                yield temporary, stream
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def _said_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None


def _settle(stream: BinaryIO) -> None:
    stream.flush()
    os.fchmod(stream.fileno(), 0o666 & ~_umask())
    os.fsync(stream.fileno())


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Be the only process that puts files into their places; the lock is the folder's own."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


def _sweep(path: Path) -> None:
    """Delete what dead processes left beside `path`: a living one holds its temporary file's lock."""
    for stale in path.parent.glob(f".{escape(path.name)}.{'[0-9a-f]' * 8}.tmp"):
        with suppress(OSError):
            descriptor = os.open(stale, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if lock(descriptor):
                    stale.unlink()
            finally:
                os.close(descriptor)


def lock(descriptor: int, *, wait: bool = False) -> bool:
    """Whether the lock is held now; not where another process has it or the file system knows none."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
