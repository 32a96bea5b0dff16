"""Cohere's rerank fine-tuning rows: JSONL of query, relevant_passages and (optional) hard_negatives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from miner.data import Row
from miner.errors import ConfigError, InputError
from miner.storage import files

FIELDS = ("query", "relevant_passages", "hard_negatives")
MAX_TOKENS = 510
"""Of query and passage together: the query is kept whole, the passage is cut."""
RECEIPTS, RUN = "receipts.jsonl", "run.json"


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Line number (from 1) and row of each line, texts untouched. Reads .gz and .zst too.

    Raises InputError for a line that is no object of exactly Cohere's fields, a blank query, no
    relevant passage, a blank one, or a wrong type. Blank, repeated and overlapping negatives pass:
    `miner validate` judges them, `tidy` removes what Cohere's platform removed.
    """
    for line, record in files.read_jsonl(path):
        yield line, parse_row(record, path, line)


def load_rows(path: Path) -> list[Row]:
    """All rows of the file. Raises InputError as read_rows does, and for a file without rows."""
    rows = [row for _, row in read_rows(path)]
    if not rows:
        raise InputError(path, None, "holds no rows")
    return rows


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write the rows as JSONL, whole or not at all; UTF-8 without a byte order mark."""
    if path.suffix in files.COMPRESSED:
        raise ConfigError(f"{path}: rows are written uncompressed; expected a name that ends in .jsonl")
    files.write_jsonl(path, map(record_of, rows))


def parse_row(record: Mapping[str, Any], path: str | Path, line: int | None) -> Row:
    """The row that a JSON object holds; raises InputError as read_rows does."""
    unknown = [name for name in record if name not in FIELDS]
    if unknown:
        raise InputError(path, line, f"has the field {unknown[0]!r}; expected only {', '.join(FIELDS)}")
    query = record.get("query")
    if "query" not in record:
        raise InputError(path, line, "has no 'query'")
    if not isinstance(query, str):
        raise InputError(path, line, f"'query' is {files.kind(query)}; expected a string")
    if not query.strip():
        raise InputError(path, line, "'query' is blank")
    if "relevant_passages" not in record:
        raise InputError(path, line, "has no 'relevant_passages'")
    relevant = text_list(record, "relevant_passages", path, line)
    if not relevant:
        raise InputError(path, line, "'relevant_passages' is empty; expected at least one passage")
    if not all(map(str.strip, relevant)):
        raise InputError(path, line, "'relevant_passages' holds a blank passage")
    return Row(query, relevant, text_list(record, "hard_negatives", path, line))


def text_list(record: Mapping[str, Any], field: str, path: str | Path, line: int | None) -> tuple[str, ...]:
    """The field's strings, () if it is missing. Raises InputError for anything but a list of strings."""
    value = record.get(field, [])
    if not isinstance(value, list):
        raise InputError(path, line, f"{field!r} is {files.kind(value)}; expected a list of strings")
    for item in value:
        if not isinstance(item, str):
            raise InputError(path, line, f"{field!r} holds {files.kind(item)}; expected a list of strings")
    return tuple(value)


def record_of(row: Row) -> dict[str, Any]:
    """The JSON object of a row, with exactly Cohere's fields."""
    return {
        "query": row.query,
        "relevant_passages": row.relevant_passages,
        "hard_negatives": row.hard_negatives,
    }


def tidy(row: Row) -> Row:
    """The row after what Cohere's platform did to an upload: blank and repeated negatives removed."""
    kept = dict.fromkeys(negative for negative in row.hard_negatives if negative.strip())
    return Row(row.query, row.relevant_passages, tuple(kept))


def companion(path: Path, ending: str) -> Path:
    """The file beside rows that holds their receipts (ending RECEIPTS) or the run's record (RUN)."""
    stem = path.with_suffix("") if path.suffix in files.COMPRESSED else path
    return stem.with_name(f"{stem.name.removesuffix('.jsonl')}.{ending}")
