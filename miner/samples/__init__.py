"""The packaged sample: the help centre of an invented product, queries and complete judgments."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from miner.errors import ConfigError
from miner.storage.folder import filled
from miner.storage.paths import as_path

PARTS = ("README.md", "corpus", "judgments.tsv", "queries.jsonl")


def sample(folder: str | Path) -> Path:
    """Copy the sample into `folder`, made if need be, and return it.

    Files of the sample that are already there are left alone, missing ones are added: all of them or none.
    Raises ConfigError, before anything is written, if the folder holds anything that differs from
    the sample; OutputError for a folder that cannot be written.
    """
    folder, contents = as_path(folder, "the folder of the sample"), dict(_contents())
    missing = contents.keys() - _present(folder, contents)
    if missing:
        with filled(folder) as new:
            for name in sorted(missing):
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                (new / name).write_bytes(contents[name])
    return folder


def documents() -> list[str]:
    """The text of the documents of its corpus."""
    return [data.decode() for name, data in _contents() if name.startswith("corpus/")]


def _contents() -> Iterator[tuple[str, bytes]]:
    """Path inside the sample, with forward slashes, and content of each file."""
    root = files(__name__)
    for part in PARTS:
        yield from _walk(root / part, part)


def _walk(item: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    if item.is_file():
        yield name, item.read_bytes()
        return
    for child in sorted(item.iterdir(), key=lambda child: child.name):
        yield from _walk(child, f"{name}/{child.name}")


def _present(folder: Path, sample: dict[str, bytes]) -> set[str]:
    """The files of the sample that lie in `folder`; raises ConfigError for any other content."""
    if not folder.is_dir():
        if folder.exists():
            raise ConfigError(f"{folder}: is a file; expected a folder to write the sample into")
        return set()
    found = set()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or any(part.startswith(".") for part in name.split("/")):
            continue
        if name not in sample or not path.is_file() or path.read_bytes() != sample[name]:
            raise ConfigError(
                f"{path}: differs from the sample; expected an empty folder or the sample untouched"
            )
        found.add(name)
    return found
