"""Which files of a folder are the corpus, and in which order."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path, PurePath

from miner.corpus import beir
from miner.errors import ConfigError
from miner.storage.files import COMPRESSED

BINARY = (".parquet",)


def suffix_of(name: str, suffixes: Collection[str]) -> str | None:
    """The suffix that decides how a file is read, seen through .gz and .zst; None if none does."""
    file = PurePath(name.lower())
    packed = file.suffix in COMPRESSED
    suffix = PurePath(file.stem).suffix if packed else file.suffix
    if packed and suffix in BINARY:
        return None
    return suffix if suffix in suffixes else None


def corpus_files(
    root: Path, suffixes: Collection[str], follow_symlinks: bool
) -> Iterator[tuple[Path, str, str]]:
    """File, its suffix and its path relative to `root` (its name if root is a file)."""
    if not root.is_dir():
        suffix = suffix_of(root.name, suffixes)
        if suffix is not None:
            yield root, suffix, _spelt(root.name, root)
        return
    for file, source in folder_files(root, follow_symlinks, beir_corpus_only=True):
        suffix = suffix_of(file.name, suffixes)
        if suffix is not None:
            yield file, suffix, source


def folder_files(
    root: Path, follow_symlinks: bool, beir_corpus_only: bool = False
) -> Iterator[tuple[Path, str]]:
    """Every file that is not hidden and its path relative to `root`, in byte order of that path."""
    try:
        for file, source in _Walk(root, follow_symlinks, beir_corpus_only).folder(root, ""):
            yield file, _spelt(source, file)
    except OSError as error:
        raise ConfigError(f"{error.filename}: cannot be read ({error.strerror})") from None


def _spelt(source: str, file: Path) -> str:
    try:
        source.encode("utf-8")
    except UnicodeEncodeError:
        raise ConfigError(f"{os.fsencode(file)!r}: the file's name is not UTF-8") from None
    return source


class _Walk:
    """Depth first, children in byte order of their whole relative path, hidden ones passed over."""

    def __init__(self, root: Path, follow_symlinks: bool, beir_corpus_only: bool) -> None:
        self.home, self.follow, self.corpus_only = root.resolve(), follow_symlinks, beir_corpus_only
        self.above: list[Path] = []

    def folder(self, folder: Path, prefix: str) -> Iterator[tuple[Path, str]]:
        real = folder.resolve()
        if real in self.above:
            raise ConfigError(f"{folder}: the link leads back to a folder above it")
        self.above.append(real)
        for child in self._children(folder):
            self._check_link(child)
            if child.is_dir():
                yield from self.folder(child, f"{prefix}{child.name}/")
            elif child.is_file():
                yield child, prefix + child.name
        self.above.pop()

    def _children(self, folder: Path) -> list[Path]:
        corpus = beir.corpus_file(folder) if self.corpus_only else None
        if corpus is not None:
            return [corpus]
        found = [child for child in folder.iterdir() if not child.name.startswith(".")]
        return sorted(found, key=lambda child: os.fsencode(child.name) + b"/" * child.is_dir())

    def _check_link(self, child: Path) -> None:
        if not child.is_symlink():
            return
        try:
            target = child.resolve(strict=True)
        except (OSError, RuntimeError):
            raise ConfigError(f"{child}: is a broken link") from None
        if not self.follow and not target.is_relative_to(self.home):
            raise ConfigError(
                f"{child}: leads out of the corpus to {target}; put the file there itself or follow links"
            )
