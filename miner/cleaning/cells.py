"""CSV and TSV with the texts in their cells cleaned."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import orjson

from miner.cleaning.texts import Clean, CleanAt, cleaned_value, is_text
from miner.corpus.columns import Columns
from miner.corpus.delimited import csv_cells, separator_of, tsv_cells, with_names
from miner.corpus.notes import usable
from miner.corpus.options import ReadOptions
from miner.corpus.values import list_columns, parsed_list

SAMPLE = 20
"""Rows that tell which columns hold lists, and which hold texts where there is no header."""
_BREAKS = re.compile(r"[\t\r\n]+")


@dataclass(frozen=True)
class Cleaning:
    """What is done to the cells of a row: those of `texts` are cleaned, in `lists` as lists in JSON."""

    texts: frozenset[int]
    lists: frozenset[int]
    columns: Columns

    def row(self, cells: Sequence[str], clean: Clean) -> list[str]:
        return [
            self._cell(cell, place, clean) if place in self.texts else cell
            for place, cell in enumerate(cells)
        ]

    def _cell(self, cell: str, place: int, clean: Clean) -> str:
        items = parsed_list(cell) if place in self.lists else None
        if items is None:
            return clean(cell)
        found = cleaned_value(items, self.columns, clean)
        return cell if found == items else orjson.dumps(found).decode()


def clean_csv(file: Path, stream: BinaryIO, options: ReadOptions, clean: CleanAt) -> int | None:
    """Write the file with the cells of texts cleaned, separated as they were. How many rows were written; None, and
    nothing written, where no column holds texts. Rows that cannot be read are noted and left out.
    """
    rows = csv_cells(file, options, bare=False)
    return _clean(file, rows, _Csv(stream, separator_of(file, options)), options, clean)


def clean_tsv(file: Path, stream: BinaryIO, options: ReadOptions, clean: CleanAt) -> int | None:
    """As clean_csv; line breaks and tabs in a text that is changed become spaces."""
    return _clean(file, tsv_cells(file, options, bare=False), _Tsv(stream), options, clean)


class _Csv:
    def __init__(self, stream: BinaryIO, separator: str) -> None:
        self.text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=True)
        self.writer = csv.writer(self.text, delimiter=separator, lineterminator="\n")

    def write(self, cells: Sequence[str], before: Sequence[str]) -> None:
        self.writer.writerow(cells)

    def close(self) -> None:
        self.text.detach()


class _Tsv:
    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def write(self, cells: Sequence[str], before: Sequence[str]) -> None:
        changed = (
            cell if cell == old else _BREAKS.sub(" ", cell) for cell, old in zip(cells, before, strict=True)
        )
        self.stream.write(("\t".join(map(_quoted, changed)) + "\n").encode())

    def close(self) -> None: ...


def _quoted(cell: str) -> str:
    """A cell in quotes where it begins with one or goes on over lines."""
    return f'"{cell.replace(chr(34), chr(34) * 2)}"' if cell[:1] == '"' or "\n" in cell else cell


def _clean(
    file: Path, rows: Iterable[tuple[int, object]], out: _Csv | _Tsv, options: ReadOptions, clean: CleanAt
) -> int | None:
    header, names, cells = with_names(rows, file, options)  # type: ignore[arg-type]
    first = list(islice(cells, SAMPLE))
    samples = [dict(zip(names, row, strict=False)) for _, row in first if isinstance(row, list)]
    texts = _text_columns(names, bool(header), samples, options.columns)
    if not texts:
        return None
    lists = list_columns(samples)
    places = [frozenset(i for i, name in enumerate(names) if name in chosen) for chosen in (texts, lists)]
    cleaning = Cleaning(places[0], places[1], options.columns)
    if header:
        out.write(header, header)
    written = 0
    for number, row in usable(file, chain(first, cells), _numbered, options.notes, "rows of cells"):
        out.write(cleaning.row(row, clean(number)), row)
        written += 1
    out.close()
    return written


def _numbered(row: list[str], number: int) -> tuple[int, list[str]]:
    return number, row


def _text_columns(
    names: Sequence[str], header: bool, samples: Sequence[dict[str, str]], columns: Columns
) -> Collection[str]:
    """The columns that hold texts by their names; without names those in which several words stand together."""
    if header or columns.given:
        return {name for name in names if is_text(name, columns)}
    return {name for name in names if any(len(row.get(name, "").split()) > 1 for row in samples)}
