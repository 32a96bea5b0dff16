"""What commands may write over, and standard input and output as files."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from miner.cli.console import shown_as

STANDARD = ("-", "/dev/stdin", "/dev/stdout")


def is_standard(path: Path | None) -> bool:
    """Whether a path means standard input or output."""
    return path is not None and str(path) in STANDARD


def standard_input(path: Path) -> Path:
    """The path that standard input is read at as it comes, for '-'."""
    return Path("/dev/stdin") if is_standard(path) else path


def check_output(
    path: Path | None,
    *,
    inputs: Iterable[Path | None] = (),
    indexes: Sequence[str] = (),
    endings: Sequence[str] = (),
) -> None:
    """Raise ConfigError, before any work is done, for an output that is a file that is read, or lies in an index.

    `endings` are those of the files that are written beside it. Raises OutputError for a folder or a place without
    permission.
    """
    from miner.errors import ConfigError
    from miner.storage.files import check_writable, is_stream

    if path is None or is_stream(path):
        return
    check_writable(path)
    written = [path, *(companion_of(path, ending) for ending in endings)]
    for given in inputs:
        if given is None or is_standard(given):
            continue
        for each in written:
            if _same(each, given) or (given.is_dir() and each.resolve().is_relative_to(given.resolve())):
                raise ConfigError(f"{each}: is read by this command; expected another name for the output")
    for each in written:
        if home := _index_around(each, indexes):
            raise ConfigError(f"{each}: lies in the index {home}; expected a place outside of it")


def companion_of(path: Path, ending: str) -> Path:
    """The file of that ending beside rows."""
    from miner.formats.cohere import companion

    return companion(path, ending)


def _same(a: Path, b: Path) -> bool:
    if a.resolve() == b.resolve():
        return True
    return a.exists() and b.exists() and a.samefile(b)


def _index_around(path: Path, indexes: Sequence[str]) -> Path | None:
    """The index in whose folder a file would lie."""
    homes = [Path(index).resolve() for index in indexes if "://" not in index]
    for folder in path.resolve().parents:
        if folder in homes or is_index(folder):
            return folder
    return None


def is_index(folder: Path) -> bool:
    """Whether an index lies in a folder."""
    return (folder / "manifest.json").is_file() and (folder / "passages").is_dir()


@contextmanager
def given_input(path: Path) -> Iterator[Path]:
    """The path, or a file that holds what comes by standard input or a pipe, named by what it looks like."""
    if str(path) != "-" and not path.is_fifo() and not (path.is_char_device() and str(path) in STANDARD):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="miner-") as folder:
        held = Path(folder) / "input"
        with held.open("wb") as stream:
            if str(path) in STANDARD:
                shutil.copyfileobj(sys.stdin.buffer, stream)
            else:
                with path.open("rb") as source:
                    shutil.copyfileobj(source, stream)
        named = held.with_name(f"stdin{_ending(held)}")
        held.rename(named)
        with shown_as(named, "standard input" if str(path) in STANDARD else str(path)):
            yield named


def _ending(path: Path) -> str:
    """.jsonl, .tsv or .csv, by how the text begins; compressed or parquet by its magic number."""
    with path.open("rb") as stream:
        start = stream.read(4096)
    for magic, ending in (
        (b"PAR1", ".parquet"),
        (b"\x1f\x8b", ".jsonl.gz"),
        (b"\x28\xb5\x2f\xfd", ".jsonl.zst"),
    ):
        if start.startswith(magic):
            return ending
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] in (b"{", b"[", b'"', b""):
        return ".jsonl"
    return ".tsv" if b"\t" in text.split(b"\n", 1)[0] else ".csv"
