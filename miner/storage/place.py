"""Where sealed files lie that several processes share: a folder that all of them see under the same path."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from miner.storage import sealed
from miner.storage.files import write_bytes
from miner.storage.sealed import Sealed


class Place:
    """A folder of sealed files. Names are paths in it, with slashes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., Place], tuple[Any, ...]]:
        return Place, (self.folder.absolute(),)

    def __str__(self) -> str:
        return str(self.folder)

    @property
    def there(self) -> bool:
        """Whether there is a place at all, with an index or without."""
        return self.folder.exists()

    def load(self, name: str) -> bytes:
        """The content of a file that is not sealed. Raises OSError, StoreFailed."""
        return (self.folder / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """Write a file that is not sealed. Raises OutputError, StoreFailed."""
        write_bytes(self.folder / name, data)

    def replace(self, name: str, data: bytes, before: bytes | None) -> None:
        """As `write`, for a file that held `before`, or was not there. Raises Locked if that has changed and no
        lock on the folder could have prevented it.
        """
        self.write(name, data)

    def names(self, folder: str) -> list[str]:
        """The files in one of its folders."""
        return sorted(f"{folder}/{path.name}" for path in (self.folder / folder).glob("*"))

    def seal(self, stem: str, suffix: str, data: bytes) -> Sealed:
        """Write `data` under a name that holds its checksum, unless it is there already."""
        return sealed.seal(self.folder, stem, suffix, data)

    def seal_pieces(self, stem: str, suffix: str, pieces: Iterable[bytes]) -> Sealed:
        """As `seal`, for what does not fit into memory at once."""
        return sealed.seal_pieces(self.folder, stem, suffix, pieces)

    def whole(self, stem: str, suffix: str) -> Sealed | None:
        """A file of this name that is intact, if there is one."""
        path = sealed.whole(self.folder, stem, suffix)
        return sealed.record(self.folder, path) if path else None

    def path(self, file: Sealed) -> Path:
        """Where a file lies on this machine. Raises IndexCorrupt if it cannot be brought here."""
        return self.folder / file.file

    def intact(self, name: str) -> Path | None:
        """As `path`, by name alone: None unless the content is what the name promises."""
        path = self.folder / name
        return path if sealed.intact(path) else None

    def check(self, file: Sealed) -> Path:
        """As `path`, of a file that is as it was sealed. Raises IndexCorrupt for another."""
        self.path(file)
        return sealed.check(self.folder, file)

    def read(self, file: Sealed) -> bytes:
        """The content of a file that is as it was sealed. Raises IndexCorrupt for another."""
        return self.check(file).read_bytes()

    @contextmanager
    def copies(self, files: Iterable[Sealed]) -> Iterator[Path]:
        """A folder with these files as they are, for the length of a block."""
        yield self.folder

    def discard(self, files: Iterable[Sealed]) -> None:
        """Delete files that are not needed any more."""
        for file in files:
            (self.folder / file.file).unlink(missing_ok=True)

    def tidy(self, kept: Collection[str], owned: re.Pattern[str]) -> None:
        """Delete the files with `owned` names that are not among those kept, where no lock tells who reads them."""

    def clear(self) -> None:
        """Delete everything."""
        shutil.rmtree(self.folder)
