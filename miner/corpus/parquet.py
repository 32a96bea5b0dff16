"""Parquet, streamed by record batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from miner.errors import InputError
from miner.files import open_binary

BATCH = 1024
COLUMNS = frozenset(
    ("_id", "id", "title", "text", "contents", "query", "relevant_passages", "relevant_ids", "hard_negatives")
)


def read_parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Row number (from 1) and the columns that miner knows. Raises InputError for a damaged file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    damage = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)
    with open_binary(path) as stream:
        try:
            file = pq.ParquetFile(stream, pre_buffer=False)
            found = file.schema_arrow.names
            columns = [name for name in found if name in COLUMNS]
            if len(set(columns)) < len(columns):
                raise InputError(path, None, "has two columns of one name")
            batches = file.iter_batches(BATCH, columns=columns) if columns else iter(())
        except damage as error:
            raise InputError(path, None, f"is not a readable parquet file ({_first_line(error)})") from None
        if not columns:
            raise InputError(path, None, f"has the columns {', '.join(found[:8])}; expected text or query")
        while True:
            try:
                rows = next(batches).to_pylist()
            except StopIteration:
                return
            except damage as error:
                raise InputError(path, number + 1, f"cannot be read further ({_first_line(error)})") from None
            for row in rows:
                number += 1
                yield number, row


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
