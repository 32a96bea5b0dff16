"""Which files of a folder are the corpus, and in which order."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from miner.corpus import beir
from miner.corpus.options import ReadOptions
from miner.errors import ConfigError
from miner.storage.files import COMPRESSED

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

BINARY = (".parquet", ".pdf", ".docx", ".pptx", ".epub")
"""Endings of files that are not read packed."""
SKIPPED = ("node_modules", "__pycache__", "bower_components", "site-packages")
"""Folders that hold what others wrote, as those whose names begin with a dot do."""
HIDDEN = (".", "~$")
"""What hidden names begin with, those of Office's locks among them."""
PLAIN_NAMES = ("readme", "changelog", "changes", "news", "faq", "install", "history")
"""Names of text files that have no ending."""
HINTS = {
    **dict.fromkeys(
        (".zip", ".tar", ".tgz", ".gz", ".zst", ".bz2", ".xz", ".7z", ".rar"), "packed; unpack it"
    ),
    **dict.fromkeys((".doc", ".odt", ".rtf", ".pages"), "save it as .docx"),
    **dict.fromkeys((".ppt", ".odp"), "save it as .pptx"),
    **dict.fromkeys((".xlsx", ".xls", ".ods", ".numbers"), "save it as .csv"),
}
"""What makes a file of another kind readable."""


def suffix_of(name: str, suffixes: Collection[str]) -> str | None:
    """The suffix that decides how a file is read, seen through .gz and .zst; None if none does.

    A README and the like without ending is read as .txt.
    """
    file = PurePath(name.lower())
    packed = file.suffix in COMPRESSED
    suffix = PurePath(file.stem).suffix if packed else file.suffix
    if packed and suffix in BINARY:
        return None
    if not suffix and not packed and file.name in PLAIN_NAMES and ".txt" in suffixes:
        return ".txt"
    return suffix if suffix in suffixes else None


def hint(file: Path) -> str:
    """What makes a file readable that nothing reads as it is; '' if nothing is known of."""
    return HINTS.get(file.suffix.lower(), "")


def corpus_files(
    root: Path, suffixes: Collection[str], options: ReadOptions
) -> Iterator[tuple[Path, str, str]]:
    """File, its suffix and its path relative to `root` (its name if root is a file). Other files are noted."""
    if not root.is_dir():
        suffix = suffix_of(root.name, suffixes)
        if suffix is not None:
            yield root, suffix, _spelt(root.name, root)
        else:
            options.notes.left_unread(root, hint(root))
        return
    for file, source in folder_files(root, options, corpus_only=True):
        suffix = suffix_of(file.name, suffixes)
        if suffix is not None:
            yield file, suffix, source
        else:
            options.notes.left_unread(file, hint(file))


def folder_files(root: Path, options: ReadOptions, corpus_only: bool = False) -> Iterator[tuple[Path, str]]:
    """Every file that is not hidden and its path relative to `root`, in byte order of that path.

    Links that are broken, lead out of the folder or back up are noted, as is what cannot be listed.
    """
    for file, source in _Walk(root, options, corpus_only).folder(root, ""):
        try:
            yield file, _spelt(source, file)
        except ConfigError as error:
            options.notes.left_out(file, error)


@lru_cache(maxsize=64)
def _patterns(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns)


def is_chosen(source: str, options: ReadOptions) -> bool:
    """Whether the patterns, which are those of a .gitignore, take a path: one of `include`, if there are any,
    and none of `exclude`.
    """
    if options.include and not _patterns(options.include).match_file(source):
        return False
    return not (options.exclude and _patterns(options.exclude).match_file(source))


def _is_foreign(folder: Path) -> bool:
    """Whether a folder holds what others wrote, or an index."""
    if folder.name in SKIPPED:
        return True
    return (folder / "manifest.json").is_file() and (folder / "passages").is_dir()


def _spelt(source: str, file: Path) -> str:
    try:
        source.encode("utf-8")
    except UnicodeEncodeError:
        raise ConfigError(f"{os.fsencode(file)!r}: the file's name is not UTF-8") from None
    return source


class _Walk:
    """Depth first, children in byte order of their whole relative path, hidden ones passed over."""

    def __init__(self, root: Path, options: ReadOptions, corpus_only: bool) -> None:
        self.home, self.options, self.corpus_only = root.resolve(), options, corpus_only
        self.above: list[Path] = []

    def folder(self, folder: Path, prefix: str) -> Iterator[tuple[Path, str]]:
        real = folder.resolve()
        if real in self.above:
            return self.options.notes.left_out(
                folder, ConfigError(f"{folder}: the link leads back to a folder above it")
            )
        self.above.append(real)
        for child in self._children(folder):
            name = prefix + child.name
            if not self._leads_inside(child):
                continue
            if child.is_dir():
                yield from self.folder(child, f"{name}/")
            elif not is_chosen(name, self.options):
                continue
            elif child.is_file():
                yield child, name
            else:
                self.options.notes.left_unread(child, "neither file nor folder")
        self.above.pop()
        return None

    def _children(self, folder: Path) -> list[Path]:
        corpus = beir.corpus_of(folder) if self.corpus_only else []
        if corpus:
            return corpus
        try:
            found = [child for child in folder.iterdir() if not child.name.startswith(HIDDEN)]
        except OSError as error:
            self.options.notes.left_out(folder, ConfigError(f"{folder}: cannot be read ({error.strerror})"))
            return []
        kept = [child for child in found if not child.is_dir() or not _is_foreign(child)]
        return sorted(kept, key=lambda child: os.fsencode(child.name) + b"/" * child.is_dir())

    def _leads_inside(self, child: Path) -> bool:
        """Whether a file or folder is in the corpus; a link that is not is noted."""
        if not child.is_symlink():
            return True
        try:
            target = child.resolve(strict=True)
        except (OSError, RuntimeError):
            self.options.notes.left_out(child, ConfigError(f"{child}: is a broken link"))
            return False
        if self.options.follow_symlinks or target.is_relative_to(self.home):
            return True
        said = f"leads out of the corpus (to {target}); put the file there itself or follow links"
        self.options.notes.left_out(child, ConfigError(f"{child}: {said}"))
        return False
