"""Rows from one format into another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

from miner.corpus.notes import Notes
from miner.corpus.options import ReadOptions
from miner.data import Row
from miner.encoders import Encoder
from miner.encoders.load import load_encoder
from miner.errors import ConfigError, InputError
from miner.formats import format_of
from miner.formats.base import Format, Sourced
from miner.formats.cohere import record_of
from miner.formats.copies import copies
from miner.formats.fit import fit_row
from miner.formats.reading import rows_beside_receipts
from miner.formats.receipts import Receipts
from miner.formats.rows import CohereRows
from miner.progress import count_of
from miner.storage.paths import as_path

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
    to: FormatLike = "cohere",
    options: ReadOptions | None = None,
    fit: int = 0,
    model: str | Encoder | None = None,
) -> Converted:
    """Read `source` in whatever shape it comes, write `target`. Receipts beside Cohere JSONL give ids and scores, and
    go along to other Cohere JSONL with the run's record; such a file is read strictly, in step with them.

    With `fit` passages are cut to the snippet that matters within so many tokens with their query, as the encoder
    `model` (the bundled one by default) counts and compares. Raises ConfigError where both are the same file,
    InputError for a source of no known shape or where no row of it can be carried. Nothing is written then.
    """
    source, target = as_path(source, "the source"), as_path(target, "the target")
    options = options or ReadOptions()
    form = format_of(to) if isinstance(to, str) else to
    change: Change | None = None
    if fit:
        encoder = load_encoder(model) if model is None or isinstance(model, str) else model
        change = partial(fit_row, encoder=encoder, limit=fit)
    if source.resolve() == target.resolve():
        raise ConfigError(f"{target}: is the file that is read; expected another name")
    done = Converted()
    if isinstance(form, CohereRows) and target.suffix == ".jsonl":
        _copy(source, target, change, done, options)
    else:
        rows = _sourced(source, change, done, options, Receipts.beside(source))
        form.write(target, _counted(rows, source, form, done, options.notes))
    return done


def _copy(source: Path, target: Path, change: Change | None, done: Converted, options: ReadOptions) -> None:
    form = CohereRows()
    with copies(source, target) as ((copy,), receipts):
        rows = _sourced(source, change, done, options, receipts)
        for sourced in _counted(rows, source, form, done, options.notes):
            copy.rows.write(orjson.dumps(record_of(sourced.row)) + b"\n")
            if copy.receipts:
                copy.receipts.write(orjson.dumps(sourced.receipt) + b"\n")
        copy.how = {"command": "convert", "altered": done.altered}


def _sourced(
    source: Path, change: Change | None, done: Converted, options: ReadOptions, receipts: Receipts | None
) -> Iterator[Sourced]:
    """The rows, changed, with their receipts."""
    for _, row in rows_beside_receipts(source, options):
        changed = change(row) if change else row
        done.altered += changed != row
        yield Sourced(changed, receipts.take(row) if receipts else None)


def _counted(
    rows: Iterable[Sourced], source: Path, write: Format, done: Converted, notes: Notes
) -> Iterator[Sourced]:
    for sourced in rows:
        if write.carries(sourced.row):
            done.rows += 1
            yield sourced
        else:
            done.left_out += 1
    if not done.rows:
        none = f"none of {count_of(done.left_out, 'row')} fits into {write}"
        raise InputError(source, None, none if done.left_out else notes.nothing("rows"))
