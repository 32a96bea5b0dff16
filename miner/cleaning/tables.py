"""Tables of records with their texts cleaned, each in the kind of file that it came in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from miner.cleaning.cells import clean_csv, clean_tsv
from miner.cleaning.columns import clean_parquet
from miner.cleaning.jsonvalues import clean_json
from miner.cleaning.texts import CleanAt, cleaned_record
from miner.corpus.notes import Notes, usable
from miner.corpus.options import ReadOptions
from miner.corpus.records import RECORDS
from miner.corpus.values import parsed_list
from miner.corpus.walk import suffix_of
from miner.errors import InputError, MinerError
from miner.storage.files import atomic

TABLES: dict[str, Callable[[Path, BinaryIO, ReadOptions, CleanAt], int | None]] = {
    ".jsonl": clean_json,
    ".ndjson": clean_json,
    ".json": clean_json,
    ".csv": clean_csv,
    ".tsv": clean_tsv,
    ".parquet": clean_parquet,
}
"""Writes a table with its texts cleaned, and gives how many records it has; None where it has no texts."""


class _NoTexts(MinerError):
    """A table has no texts: what was begun is not to be written."""


def clean_table(file: Path, output: Path, options: ReadOptions, clean: CleanAt) -> bool:
    """Write a table with its texts cleaned; False, and nothing written, where none of its columns holds texts.

    Records that cannot be read are noted and left out. Raises InputError where nothing is left.
    """
    suffix = suffix_of(file.name, TABLES) or file.suffix
    before = options.notes.total
    with suppress(_NoTexts), atomic(output) as stream:
        written = TABLES[suffix](file, stream, options, clean)
        if written is None:
            raise _NoTexts
        if not written and options.notes.total > before:
            raise InputError(file, None, f"holds nothing that can be used: {options.notes.first}")
        return True
    return False


def texts_in(file: Path, options: ReadOptions) -> Iterator[str]:
    """The texts of a table, for the steps that learn. What cannot be read is noted when it is cleaned."""
    unheard = replace(options, notes=Notes())
    records = RECORDS[suffix_of(file.name, RECORDS) or file.suffix](file, unheard)
    with suppress(InputError):
        for record in usable(file, records, lambda record, _: record, unheard.notes, "records"):
            yield from _texts(record, options)


def _texts(record: Mapping[str, Any], options: ReadOptions) -> list[str]:
    found: list[str] = []

    def keep(text: str) -> str:
        items = parsed_list(text)
        found.extend([text] if items is None else (item for item in items if isinstance(item, str)))
        return text

    cleaned_record(record, options.columns, keep)
    return found
