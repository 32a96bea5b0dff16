"""Folders that are filled whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from miner.errors import ConfigError, OutputError
from miner.progress import halt
from miner.storage.atomic import lock


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """As `filled`, of a folder that does not exist yet or is empty. Raises ConfigError for another one."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ConfigError(f"{path}: is not empty; expected a new folder to write to")
    with filled(path) as folder:
        yield folder


@contextmanager
def filled(path: Path) -> Iterator[Path]:
    """A private folder whose files are in `path` when the block ends well, and nowhere otherwise.

    A folder that exists, such as the current one or a mount, stays the same folder: the files move into it one by one.
    Raises OutputError.
    """
    place = path.resolve()
    home = place if place.is_dir() else place.parent
    temporary = home / f".{place.name}.{secrets.token_hex(4)}.tmp"
    new = temporary / "new"
    try:
        _sweep(home, place.name)
        new.mkdir(parents=True)
        with _locked(temporary):
            yield new
            halt.check()
            _move(new, place)
    except (OSError, OutputError) as error:
        said = (
            str(error) if isinstance(error, OutputError) else f"{path}: cannot be written ({_reason(error)})"
        )
        raise OutputError(said.replace(str(new), str(path))) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _move(new: Path, place: Path) -> None:
    if not place.is_dir():
        new.replace(place)
        return
    for file in sorted(each for each in new.rglob("*") if not each.is_dir()):
        target = place / file.relative_to(new)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _sweep(home: Path, name: str) -> None:
    """Delete what dead processes left: a living one holds its folder's lock."""
    for stale in home.glob(f".{escape(name)}.{'[0-9a-f]' * 8}.tmp"):
        with suppress(OSError):
            descriptor = os.open(stale, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if lock(descriptor):
                    shutil.rmtree(stale)
            finally:
                os.close(descriptor)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
