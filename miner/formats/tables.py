"""Records in JSONL, CSV, TSV and parquet files and in folders of the `datasets` library."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from miner.corpus.delimited import read_csv, read_tsv
from miner.corpus.parquet import read_columns
from miner.errors import ConfigError, InputError, require
from miner.formats.folder import atomic_folder
from miner.storage.files import COMPRESSED, atomic, read_jsonl, write_jsonl

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["text", "texts", "label", "labels", "scores", "turns", "dialogues"]
Kinds = Mapping[str, Kind]
Record = dict[str, Any]

BATCH = 1024
KINDS = "a name that ends in .jsonl, .csv, .tsv or .parquet, or a folder"
_RISKY = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def read(path: Path, kinds: Kinds) -> Iterator[tuple[int, Record]]:
    """Line or row number (from 1) and record; what is null in a table is left out of its record."""
    if path.is_dir():
        return _read_arrow(_dataset(path).iter(BATCH), path)
    suffix = _suffix(path)
    if suffix == ".jsonl":
        return read_jsonl(path)
    if suffix == ".parquet":
        return _read_parquet(path)
    if suffix in (".csv", ".tsv"):
        cells = read_csv(path) if suffix == ".csv" else read_tsv(path)
        return ((line, _from_cells(record, kinds, path, line)) for line, record in cells)
    raise ConfigError(f"{path}: not a known kind of table; expected {KINDS}")


def write(path: Path, records: Iterable[Record], kinds: Kinds) -> None:
    """Write by the name's ending; a name without one is a folder for `datasets.load_from_disk`."""
    if path.suffix == ".jsonl":
        write_jsonl(path, records)
    elif path.suffix == ".parquet":
        _write_parquet(path, records, kinds)
    elif path.suffix in (".csv", ".tsv"):
        _write_cells(path, records, kinds)
    elif not path.suffix:
        _write_dataset(path, records, kinds)
    else:
        raise ConfigError(f"{path}: not a kind of table that is written; expected {KINDS}")


def _suffix(path: Path) -> str:
    return (path.with_suffix("") if path.suffix in COMPRESSED else path).suffix


def _write_cells(path: Path, records: Iterable[Record], kinds: Kinds) -> None:
    with atomic(path) as stream:
        text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=True)
        delimiter = "\t" if path.suffix == ".tsv" else ","
        writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(kinds)
        for record in records:
            writer.writerow(_to_cell(record.get(name), kind) for name, kind in kinds.items())
        text.detach()


def _to_cell(value: Any, kind: Kind) -> str:
    """Text with a quote before what a spreadsheet would run as a formula; other kinds as JSON."""
    if value is None:
        return ""
    if kind != "text":
        return orjson.dumps(value).decode()
    return f"'{value}" if _RISKY.match(value) else str(value)


def _from_cells(record: Record, kinds: Kinds, path: Path, line: int) -> Record:
    values: Record = {}
    for name, cell in record.items():
        if kinds.get(name, "text") == "text":
            values[name] = cell[1:] if _GUARDED.match(cell) else cell
        elif cell:
            try:
                values[name] = orjson.loads(cell)
            except orjson.JSONDecodeError:
                raise InputError(path, line, f"{name!r} is {cell[:40]!r}; expected JSON") from None
    return values


def _schema(kinds: Kinds) -> pa.Schema:
    import pyarrow as pa

    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    types: dict[Kind, Any] = {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "label": pa.int64(),
        "labels": pa.list_(pa.int64()),
        "scores": pa.list_(pa.float64()),
        "turns": pa.list_(turn),
        "dialogues": pa.list_(pa.list_(turn)),
    }
    return pa.schema([(name, types[kind]) for name, kind in kinds.items()])


def _batches(records: Iterable[Record], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    rest = iter(records)
    while batch := list(islice(rest, BATCH)):
        yield pa.RecordBatch.from_pylist(batch, schema=schema)


def table_of(records: Iterable[Record], kinds: Kinds) -> pa.Table:
    """The records in memory."""
    import pyarrow as pa

    schema = _schema(kinds)
    return pa.Table.from_batches(list(_batches(records, schema)), schema)


def _write_parquet(path: Path, records: Iterable[Record], kinds: Kinds) -> None:
    import pyarrow.parquet as pq

    schema = _schema(kinds)
    with atomic(path) as stream, pq.ParquetWriter(stream, schema) as writer:
        for batch in _batches(records, schema):
            writer.write_batch(batch)


def _read_parquet(path: Path) -> Iterator[tuple[int, Record]]:
    for number, row in read_columns(path, None):
        yield number, {name: value for name, value in row.items() if value is not None}


def _read_arrow(batches: Iterable[Mapping[str, list[Any]]], path: Path) -> Iterator[tuple[int, Record]]:
    number = 0
    for batch in batches:
        for values in zip(*batch.values(), strict=True):
            number += 1
            yield (
                number,
                {name: value for name, value in zip(batch, values, strict=True) if value is not None},
            )


def _write_dataset(path: Path, records: Iterable[Record], kinds: Kinds) -> None:
    datasets = _datasets()
    held = datasets.table.InMemoryTable(table_of(records, kinds))
    with atomic_folder(path) as folder:
        datasets.Dataset(held, fingerprint="miner").save_to_disk(folder)


def _dataset(path: Path) -> Any:
    datasets = _datasets()
    try:
        found = datasets.load_from_disk(str(path))
    except Exception as error:
        raise InputError(path, None, f"is not a saved data set ({str(error).splitlines()[0]})") from None
    if isinstance(found, datasets.DatasetDict):
        names = ", ".join(f"{path / name}" for name in found)
        raise ConfigError(f"{path}: holds several data sets; expected one of {names}")
    return found


def _datasets() -> Any:
    require("datasets", extra="train", purpose="a saved data set")
    import datasets

    datasets.disable_progress_bars()
    return datasets
