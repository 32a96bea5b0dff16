"""Sealed files in a store: each machine has a folder that mirrors what it has needed of them.

A file is compared with its checksum when it comes, so that a mirror can be deleted at any time when nobody
works with it, and several processes can fill it at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from miner.errors import ConfigError, IndexCorrupt, OutputError
from miner.storage import sealed
from miner.storage.bucket import Store, is_uri
from miner.storage.cachedir import cache_folder
from miner.storage.files import atomic, sha256_of
from miner.storage.locks import READERS
from miner.storage.paths import as_path
from miner.storage.place import Place
from miner.storage.sealed import Sealed


def place_of(where: str | Path) -> Place:
    """What a path or a URI names. Raises ConfigError for a URI that cannot be, or that became a path."""
    if isinstance(where, Path) and re.match(r"[a-z0-9]+:/", str(where)):
        raise ConfigError(f"{where}: a URI is given as text, not as a Path")
    path = as_path(where, "the index")
    return Mirror(Store(str(where))) if is_uri(where) else Place(path)


def scratch_of(place: Place, folder: Path) -> Place:
    """Where those who work with a place can leave something for one another: `folder`, unless the place is in a
    store; then beside it there, under a name for `folder`.
    """
    if not isinstance(place, Mirror):
        return Place(folder)
    return Scratch(place.store.beside(f".work/{sealed.digest(str(folder))}"))


class Mirror(Place):
    """The files of a store. What is sealed lies in the store and in the folder here."""

    def __init__(self, store: Store, folder: Path | None = None) -> None:
        super().__init__(folder or cache_folder() / sealed.digest(store.uri))
        self.store = store

    def __reduce__(self) -> tuple[Callable[..., Place], tuple[Any, ...]]:
        return type(self), (self.store,)

    def __str__(self) -> str:
        return str(self.store)

    def make(self) -> None:
        """Make the folder, so that readers can lock it. Raises OutputError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / READERS).touch()
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be written ({error.strerror})") from None

    @property
    def there(self) -> bool:
        return True

    def load(self, name: str) -> bytes:
        if (data := self.store.read(name)) is None:
            raise FileNotFoundError(f"{self}/{name}")
        return data

    def write(self, name: str, data: bytes) -> None:
        self.store.write(name, data)

    def replace(self, name: str, data: bytes, before: bytes | None) -> None:
        self.store.replace(name, data, before)

    def names(self, folder: str) -> list[str]:
        return self.store.names(folder)

    def seal(self, stem: str, suffix: str, data: bytes) -> Sealed:
        return self.sent(super().seal(stem, suffix, data))

    def seal_pieces(self, stem: str, suffix: str, pieces: Iterable[bytes]) -> Sealed:
        return self.sent(super().seal_pieces(stem, suffix, pieces))

    def whole(self, stem: str, suffix: str) -> Sealed | None:
        if here := super().whole(stem, suffix):
            return self.sent(here)
        for name in self.names(stem.rpartition("/")[0]):
            if sealed.is_named(name, stem, suffix):
                if path := self.intact(name):
                    return sealed.record(self.folder, path)
                self.store.delete([name])
        return None

    def path(self, file: Sealed) -> Path:
        path = self.folder / file.file
        if not path.is_file() or path.stat().st_size != file.size:
            self._fetch(file.file, file.sha256)
        return path

    def intact(self, name: str) -> Path | None:
        if here := super().intact(name):
            return here
        try:
            self._fetch(name, sealed.promised(name))
        except IndexCorrupt:
            return None
        return super().intact(name)

    @contextmanager
    def copies(self, files: Iterable[Sealed]) -> Iterator[Path]:
        with TemporaryDirectory(prefix="miner-") as held:
            for path, name in ((Path(held) / file.file, file.file) for file in files):
                path.parent.mkdir(exist_ok=True)
                with path.open("wb") as stream:
                    there = self.store.load(name, stream)
                if not there:
                    path.unlink()
            yield Path(held)

    def discard(self, files: Iterable[Sealed]) -> None:
        gone = list(files)
        super().discard(gone)
        self.store.delete(file.file for file in gone)

    def tidy(self, kept: Collection[str], owned: re.Pattern[str]) -> None:
        names = self.store.names()
        self.store.delete(name for name in names if owned.fullmatch(name) and name not in kept)

    def clear(self) -> None:
        super().clear()
        self.store.delete(self.store.names())

    def sent(self, file: Sealed) -> Sealed:
        """See that a file that is here is in the store too."""
        self.store.put(file.file, self.folder / file.file)
        return file

    def _fetch(self, name: str, sha256: str) -> None:
        with atomic(self.folder / name) as stream:
            if not self.store.load(name, stream):
                raise IndexCorrupt(f"{self}/{name}: is not there; build the index again")
            if not sha256_of(stream).startswith(sha256):
                raise IndexCorrupt(f"{self}/{name}: is not what was written there")


class Scratch(Mirror):
    """Files of a store that pass between tasks: on this machine they lie only while they are in use."""

    def __init__(self, store: Store) -> None:
        self._held = TemporaryDirectory(prefix="miner-", ignore_cleanup_errors=True)
        super().__init__(store, Path(self._held.name))

    def sent(self, file: Sealed) -> Sealed:
        super().sent(file)
        super(Mirror, self).discard([file])
        return file

    def whole(self, stem: str, suffix: str) -> Sealed | None:
        found = super().whole(stem, suffix)
        super(Mirror, self).discard([found] if found else [])
        return found

    def read(self, file: Sealed) -> bytes:
        data = super().read(file)
        super(Mirror, self).discard([file])
        return data
