"""Rows from one format into another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

from miner.data import Row
from miner.encoders import Encoder
from miner.encoders.load import load_encoder
from miner.errors import ConfigError, InputError
from miner.formats import format_of
from miner.formats.base import Format, Sourced
from miner.formats.cohere import record_of
from miner.formats.copies import copies
from miner.formats.fit import fit_row
from miner.formats.receipts import Receipts
from miner.formats.rows import CohereRows
from miner.storage.files import COMPRESSED

Change = Callable[[Row], Row]
"""Alters passages of a row, not their number."""
FormatLike = Format | str
"""A format, or its spelling as 'n-tuple(negatives=4)'."""


@dataclass
class Converted:
    """Rows written, rows that the format cannot carry, and rows that the change altered."""

    rows: int = 0
    left_out: int = 0
    altered: int = 0


def convert(
    source: str | Path,
    target: str | Path,
    *,
    read: FormatLike = "cohere",
    write: FormatLike = "cohere",
    fit: int = 0,
    model: str | Encoder | None = None,
) -> Converted:
    """Read `source`, write `target`. Receipts beside Cohere JSONL give ids and scores, and go along to
    other Cohere JSONL with the run's record.

    With `fit` passages are cut to the snippet that matters within so many tokens with their query, as the encoder
    `model` (the bundled one by default) counts and compares. Raises ConfigError where both are the same file,
    InputError for what the source does not hold or where no row of it can be carried. Nothing is written then.
    """
    source, target = Path(source), Path(target)
    read, write = (format_of(each) if isinstance(each, str) else each for each in (read, write))
    change: Change | None = None
    if fit:
        encoder = load_encoder(model) if model is None or isinstance(model, str) else model
        change = partial(fit_row, encoder=encoder, limit=fit)
    if source.resolve() == target.resolve():
        raise ConfigError(f"{target}: is the file that is read; expected another name")
    done = Converted()
    if _is_cohere(source, read) and _is_cohere(target, write) and target.suffix == ".jsonl":
        _copy(source, target, change, done)
    else:
        rows = _sourced(source, read, change, done, _receipts(source, read))
        write.write(target, _counted(rows, source, write, done))
    return done


def _copy(source: Path, target: Path, change: Change | None, done: Converted) -> None:
    form = CohereRows()
    with copies(source, target) as ((copy,), receipts):
        for sourced in _counted(_sourced(source, form, change, done, receipts), source, form, done):
            copy.rows.write(orjson.dumps(record_of(sourced.row)) + b"\n")
            if copy.receipts:
                copy.receipts.write(orjson.dumps(sourced.receipt) + b"\n")
        copy.how = {"command": "convert", "altered": done.altered}


def _receipts(source: Path, read: Format) -> Receipts | None:
    return Receipts.beside(source) if _is_cohere(source, read) else None


def _sourced(
    source: Path, read: Format, change: Change | None, done: Converted, receipts: Receipts | None
) -> Iterator[Sourced]:
    """The rows, changed, with their receipts."""
    for row in read.read(source):
        changed = change(row) if change else row
        done.altered += changed != row
        yield Sourced(changed, receipts.take(row) if receipts else None)


def _counted(rows: Iterable[Sourced], source: Path, write: Format, done: Converted) -> Iterator[Sourced]:
    for sourced in rows:
        if write.carries(sourced.row):
            done.rows += 1
            yield sourced
        else:
            done.left_out += 1
    if not done.rows:
        holds = f"none of its {done.left_out} rows fits into {write}" if done.left_out else "holds no rows"
        raise InputError(source, None, holds)


def _is_cohere(path: Path, format: Format) -> bool:
    stem = path.with_suffix("") if path.suffix in COMPRESSED else path
    return isinstance(format, CohereRows) and stem.suffix == ".jsonl"
