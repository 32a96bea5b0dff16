"""Data sets as the `datasets` library saves them: a folder of Arrow files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import orjson

from miner.corpus.parquet import DAMAGE, first_line
from miner.errors import ConfigError, InputError
from miner.storage.files import read_bytes

T = TypeVar("T")
STATE, SPLITS = "state.json", "dataset_dict.json"


def is_saved(folder: Path) -> bool:
    """Whether the folder is a saved data set, or several of them by split."""
    return (folder / STATE).is_file() or (folder / SPLITS).is_file()


def read_saved(folder: Path, split: str | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number (from 1) and record of each row. Raises ConfigError for several splits of which none is named,
    InputError for what is no such data set.
    """
    if (folder / SPLITS).is_file():
        names = _listed(folder / SPLITS, "splits", str)
        if split not in names and len(names) != 1:
            found = ", ".join(str(folder / str(name)) for name in names)
            raise ConfigError(f"{folder}: holds several data sets; expected one of {found}")
        folder = folder / Path(split if split in names and split else names[0]).name
    number = 0
    for entry in _listed(folder / STATE, "_data_files", dict):
        for row in _rows(folder / Path(str(entry.get("filename"))).name):
            number += 1
            yield number, row


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    try:
        with path.open("rb") as stream, pa.ipc.open_stream(stream) as batches:
            for batch in batches:
                batch.validate(full=True)
                yield from batch.to_pylist()
    except (pa.ArrowException, *DAMAGE) as error:
        said = first_line(error)
        raise InputError(path, None, f"cannot be read as part of a saved data set ({said})") from None


def _listed(path: Path, name: str, kind: type[T]) -> list[T]:
    """A list that a file of JSON holds by a name. Raises InputError for a file that holds something else."""
    found = _json(path).get(name) or []
    if not isinstance(found, list) or not all(isinstance(entry, kind) for entry in found):
        raise InputError(path, None, f"{name!r} is not what a saved data set has there")
    return found


def _json(path: Path) -> dict[str, Any]:
    try:
        value = orjson.loads(read_bytes(path))
    except orjson.JSONDecodeError as error:
        raise InputError(path, None, f"is not valid JSON ({error})") from None
    if not isinstance(value, dict):
        raise InputError(path, None, "is not the state of a saved data set")
    return value
