"""Parquet with the texts in its columns cleaned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from miner.cleaning.texts import CleanAt, cleaned_value, is_text
from miner.corpus.columns import Columns
from miner.corpus.footer import check_footer
from miner.corpus.options import ReadOptions
from miner.corpus.parquet import DAMAGE, batches, decoded, first_line, pieces
from miner.errors import InputError
from miner.storage.files import open_binary

if TYPE_CHECKING:
    import pyarrow as pa


def clean_parquet(file: Path, stream: BinaryIO, options: ReadOptions, clean: CleanAt) -> int | None:
    """Write the file with its columns of texts cleaned, its schema as it was. How many rows were written; None, and
    nothing written, where no column holds texts. Raises InputError for a damaged file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(file)
    texts = {name for name in schema.names if is_text(name, options.columns)}
    if not texts:
        return None
    written = 0
    with pq.ParquetWriter(stream, schema) as writer:
        for batch in _read(file, schema):
            columns = [
                _cleaned(column, written, options.columns, clean) if name in texts else column
                for name, column in zip(schema.names, batch.columns, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            written += len(batch)
    return written


def _schema(file: Path) -> pa.Schema:
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_footer(file)
    with open_binary(file) as source:
        try:
            return pq.ParquetFile(source, pre_buffer=False).schema_arrow
        except (pa.ArrowException, *DAMAGE) as error:
            raise _damaged(file, error) from None


def _read(file: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    damage = (pa.ArrowException, *DAMAGE)
    with open_binary(file) as source:
        try:
            found = pieces(file, batches(source, file, schema.names)[0])
        except damage as error:
            raise _damaged(file, error) from None
        while True:
            try:
                piece = next(found, None)
                batch = None if piece is None else decoded(piece, schema)
            except damage as error:
                raise _damaged(file, error) from None
            if batch is None:
                return
            yield batch


def _damaged(file: Path, error: BaseException) -> InputError:
    return InputError(file, None, f"is not a readable parquet file ({first_line(error)})")


def _cleaned(column: pa.Array, before: int, columns: Columns, clean: CleanAt) -> pa.Array:
    import pyarrow as pa

    values = [
        cleaned_value(value, columns, clean(number))
        for number, value in enumerate(column.to_pylist(), before + 1)
    ]
    return pa.array(values, column.type)
