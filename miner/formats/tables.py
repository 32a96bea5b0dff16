"""Records into JSONL, CSV, TSV and parquet files and into folders of the `datasets` library."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from miner.errors import ConfigError, require
from miner.storage.files import atomic, is_stream, write_jsonl
from miner.storage.folder import new_folder

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["text", "texts", "label", "labels", "scores", "turns", "dialogues", "documents"]
Kinds = Mapping[str, Kind]
Record = dict[str, Any]

BATCH = 1024
KINDS = "a name that ends in .jsonl, .csv, .tsv or .parquet, or a folder"
_RISKY = re.compile(r"'*[=+\-@\t\r]")
_BREAKS = re.compile(r"[\t\r\n]+")


def write(path: Path, records: Iterable[Record], kinds: Kinds) -> None:
    """Write by the name's ending, JSONL into a stream; a name without one is a folder for `datasets.load_from_disk`."""
    if path.suffix == ".jsonl" or is_stream(path):
        write_jsonl(path, records)
    elif path.suffix == ".parquet":
        _write_parquet(path, records, kinds)
    elif path.suffix in (".csv", ".tsv"):
        _write_cells(path, records, kinds)
    elif not path.suffix:
        _write_dataset(path, records, kinds)
    else:
        raise ConfigError(f"{path}: not a kind of table that is written; expected {KINDS}")


def _write_cells(path: Path, records: Iterable[Record], kinds: Kinds) -> None:
    """CSV quoted as RFC 4180 has it; TSV has no rules for tabs and line breaks in a text, which become spaces."""
    tabs = path.suffix == ".tsv"
    with atomic(path) as stream:
        text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=True)
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        if tabs:
            text.write("\t".join(kinds) + "\n")
        else:
            writer.writerow(kinds)
        for record in records:
            values = [(record.get(name), kind) for name, kind in kinds.items()]
            if tabs:
                text.write("\t".join(_to_plain_cell(*value) for value in values) + "\n")
            else:
                writer.writerow(_to_cell(*value) for value in values)
        text.detach()


def _to_plain_cell(value: Any, kind: Kind) -> str:
    """A cell of a TSV file: quotes only around one that would be taken for quoted."""
    cell = _to_cell(_BREAKS.sub(" ", value) if isinstance(value, str) else value, kind)
    return f'"{cell.replace(chr(34), chr(34) * 2)}"' if cell[:1] == '"' else cell


def _to_cell(value: Any, kind: Kind) -> str:
    """Text with a quote before what a spreadsheet would run as a formula; other kinds as JSON."""
    if value is None:
        return ""
    if kind != "text":
        return orjson.dumps(value).decode()
    return f"'{value}" if _RISKY.match(value) else str(value)


def _schema(kinds: Kinds) -> pa.Schema:
    import pyarrow as pa

    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    document = pa.struct(
        [(name, pa.string()) for name in ("docid", "title", "text")] + [("score", pa.float64())]
    )
    types: dict[Kind, Any] = {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "label": pa.int64(),
        "labels": pa.list_(pa.int64()),
        "scores": pa.list_(pa.float64()),
        "turns": pa.list_(turn),
        "dialogues": pa.list_(pa.list_(turn)),
        "documents": pa.list_(document),
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


def _write_dataset(path: Path, records: Iterable[Record], kinds: Kinds) -> None:
    datasets = _datasets()
    held = datasets.table.InMemoryTable(table_of(records, kinds))
    with new_folder(path) as folder:
        datasets.Dataset(held, fingerprint="miner").save_to_disk(folder)


def _datasets() -> Any:
    require("datasets", extra="train", purpose="a saved data set")
    import datasets

    datasets.disable_progress_bars()
    return datasets
