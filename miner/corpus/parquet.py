"""Parquet, streamed by record batches in bounded memory, whatever a small file unpacks to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from miner.corpus.columns import listed
from miner.corpus.footer import check_footer
from miner.corpus.options import ReadOptions
from miner.errors import InputError
from miner.storage.files import MAX_LINE, MAX_RATIO, MAX_UNPACKED, open_binary

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH = 1024
DAMAGE = (OSError, ValueError, OverflowError, MemoryError)
"""What reading a damaged file may raise, besides Arrow's own."""
DELTA = ("DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY")
"""Encodings of texts that Arrow does not read into a dictionary."""


def read_parquet(path: Path, options: ReadOptions) -> Iterator[tuple[int, dict[str, Any]]]:
    """Row number (from 1) and those columns that mean something. A column of vectors that nobody asked for is said not
    to be used.

    Raises InputError for a damaged file, for none of the columns or one that was named and is missing, for a row over
    MAX_LINE bytes, and for a row group that unpacks to over MAX_UNPACKED bytes and over MAX_RATIO times the size of
    the file.
    """
    import pyarrow as pa
    import pyarrow.parquet

    number = 0
    damage = (pa.ArrowException, *DAMAGE)
    check_footer(path)
    with open_binary(path) as stream:
        try:
            rows = _rows(path, *_wanted(stream, path, options))
        except damage as error:
            raise InputError(path, None, f"is not a readable parquet file ({first_line(error)})") from None
        while True:
            try:
                row = next(rows, None)
            except damage as error:
                raise InputError(path, number + 1, f"cannot be read further ({first_line(error)})") from None
            if row is None:
                return
            number += 1
            yield number, row


def _wanted(stream: BinaryIO, path: Path, options: ReadOptions) -> tuple[Iterator[pa.RecordBatch], pa.Schema]:
    """What batches gives of the columns that mean something."""
    import pyarrow.parquet as pq

    plain = pq.ParquetFile(stream, pre_buffer=False)
    found = plain.schema_arrow.names
    columns = [name for name in found if options.columns.known(name)]
    for name in _vectors(plain.schema_arrow):
        if name not in columns:
            options.notes.tell(f"{path.name}: the vectors in column {name!r} are not used")
    if absent := options.columns.missing(found):
        raise InputError(path, None, absent)
    if not columns:
        raise InputError(path, None, f"has the columns {listed(found)}; expected text or query")
    return batches(stream, path, columns)


def batches(
    stream: BinaryIO, path: Path, columns: Sequence[str]
) -> tuple[Iterator[pa.RecordBatch], pa.Schema]:
    """Batches of some columns, in which a text that the file holds once is held once, and the schema without that.

    Raises InputError for two columns of one name, and for a row group that unpacks to too much.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    plain = pq.ParquetFile(stream, pre_buffer=False)
    if len(set(columns)) < len(columns):
        raise InputError(path, None, "has two columns of one name")
    leaves = [plain.schema.column(i) for i in range(len(plain.schema))]
    wanted = [i for i, leaf in enumerate(leaves) if leaf.path.partition(".")[0] in columns]
    _check_sizes(plain, wanted, path, stream.seek(0, 2))
    texts = [
        leaves[i].path
        for i in wanted
        if leaves[i].physical_type == "BYTE_ARRAY" and leaves[i].logical_type.type != "DECIMAL"
        if _has_dictionary(plain, i)
    ]
    file = pq.ParquetFile(stream, pre_buffer=False, read_dictionary=texts)
    schema = pa.schema([plain.schema_arrow.field(name) for name in columns])
    return _batches(file, columns, any("." in path for path in texts)), schema


def _batches(file: pq.ParquetFile, columns: Sequence[str], nested: bool) -> Iterator[pa.RecordBatch]:
    """Batches that hold rows of one group only where texts lie in lists: Arrow cannot join two dictionaries there."""
    groups = [[number] for number in range(file.metadata.num_row_groups)] if nested else [None]
    for group in groups:
        yield from file.iter_batches(BATCH, row_groups=group, columns=columns)


def _vectors(schema: pa.Schema) -> list[str]:
    """Columns that hold lists of numbers with a fraction."""
    import pyarrow as pa

    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return [
        field.name
        for field in schema
        if any(is_list(field.type) for is_list in lists) and pa.types.is_floating(field.type.value_type)
    ]


def _has_dictionary(file: pq.ParquetFile, column: int) -> bool:
    """Whether a column can be read as a dictionary: not where Arrow knows no dictionary for its encoding."""
    groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
    return all(set(DELTA).isdisjoint(group.column(column).encodings) for group in groups)


def _check_sizes(file: pq.ParquetFile, wanted: list[int], path: Path, size: int) -> None:
    limit = max(MAX_UNPACKED, MAX_RATIO * size)
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        chunks = [(group.column(i), file.schema.column(i).max_repetition_level) for i in wanted]
        if (
            sum(max(each.total_uncompressed_size, 8 * each.num_values * deep) for each, deep in chunks)
            > limit
        ):
            raise InputError(path, None, f"row group {number + 1} unpacks to over {limit >> 20} MiB")


def _rows(path: Path, found: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[dict[str, Any]]:
    for part in pieces(path, found):
        yield from decoded(part, schema).to_pylist()


def pieces(path: Path, found: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows, many at a time where their texts are not many times what the file holds. Raises InputError for a row of
    over MAX_LINE bytes.
    """
    number = 0
    for batch in found:
        step = len(batch) if _size(batch) <= MAX_LINE else 1
        for start in range(0, len(batch), max(step, 1)):
            part = batch.slice(start, step)
            if step == 1 and _size(part) > MAX_LINE:
                raise InputError(path, number + start + 1, f"the row is longer than {MAX_LINE >> 20} MiB")
            yield part
        number += len(batch)


def decoded(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with each text held as often as it stands there."""
    import pyarrow as pa

    columns = [batch.column(field.name).cast(field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _size(batch: pa.RecordBatch) -> int:
    """Bytes of its texts, each counted as often as it stands there."""
    return sum(map(_bytes, batch.columns))


def _bytes(array: pa.Array) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_dictionary(kind):
        return pc.sum(pc.binary_length(array.dictionary).take(array.indices)).as_py() or 0
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _bytes(array.flatten())
    if pa.types.is_struct(kind):
        return sum(map(_bytes, array.flatten()))
    return int(array.nbytes)


def first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
