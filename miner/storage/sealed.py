"""Files whose name ends in the checksum of their content, so that a file tells by itself whether it is whole.

`passages/00003-9f86d081884c7d65.arrow`: the third shard, then the first 16 hex digits of the SHA-256.
"""

from __future__ import annotations

import hashlib
import io
import mmap
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from miner.errors import IndexCorrupt
from miner.progress import count_of
from miner.storage.files import atomic, sha256, write_bytes

DIGITS = 16

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file of an index: its path in the index, bytes and SHA-256."""

    file: str
    size: int
    sha256: str


def seal(folder: Path, stem: str, suffix: str, data: bytes) -> Sealed:
    """Write `data` under a name that holds its checksum, unless it is there already."""
    digest = hashlib.sha256(data).hexdigest()
    file = f"{stem}-{digest[:DIGITS]}{suffix}"
    if not intact(folder / file):
        write_bytes(folder / file, data)
    return Sealed(file, len(data), digest)


def seal_pieces(folder: Path, stem: str, suffix: str, pieces: Iterable[bytes]) -> Sealed:
    """As `seal`, for what does not fit into memory at once."""
    digest, size, temporary = hashlib.sha256(), 0, folder / f"{stem}-{secrets.token_hex(4)}{suffix}"
    with atomic(temporary) as stream:
        for piece in pieces:
            stream.write(piece)
            digest.update(piece)
            size += len(piece)
    file = f"{stem}-{digest.hexdigest()[:DIGITS]}{suffix}"
    temporary.replace(folder / file)
    return Sealed(file, size, digest.hexdigest())


def record(folder: Path, path: Path) -> Sealed:
    """The record of a file that is known to be intact."""
    return Sealed(path.relative_to(folder).as_posix(), path.stat().st_size, sha256(path))


def intact(path: Path) -> bool:
    """Whether the file is there, also while others delete it, and its content is what its name promises."""
    with suppress(FileNotFoundError):
        return path.is_file() and sha256(path).startswith(promised(path.name))
    return False


def promised(name: str) -> str:
    """The start of the SHA-256 that a file's name tells of."""
    return name.rpartition("-")[2].partition(".")[0]


def check(folder: Path, file: Sealed) -> Path:
    """The path of a file that is as it was sealed. Raises IndexCorrupt for another."""
    path = folder / file.file
    try:
        if path.stat().st_size == file.size and sha256(path) == file.sha256:
            return path
    except OSError as error:
        raise IndexCorrupt(f"{path}: cannot be read ({_reason(error)})") from None
    raise IndexCorrupt(f"{path}: is not what was written there")


def check_size(path: Path, size: int) -> None:
    """Raises IndexCorrupt unless the file is there with this size."""
    try:
        found = path.stat().st_size
    except OSError as error:
        raise IndexCorrupt(f"{path}: cannot be read ({error.strerror}); build the index again") from None
    if found != size:
        raise IndexCorrupt(f"{path}: has {count_of(found, 'byte')}; expected {size:,}; build the index again")


def named(folder: Path, stem: str, suffix: str) -> list[Path]:
    """The files of this name, whatever their content."""
    place = folder / stem
    return sorted(place.parent.glob(f"{place.name}-{'[0-9a-f]' * DIGITS}{suffix}"))


def is_named(name: str, stem: str, suffix: str) -> bool:
    """Whether a file's name is this one with a checksum."""
    digits = name.removeprefix(f"{stem}-").removesuffix(suffix)
    return name == f"{stem}-{digits}{suffix}" and len(digits) == DIGITS


def whole(folder: Path, stem: str, suffix: str) -> Path | None:
    """A file of this name that is intact, if there is one."""
    return next(filter(intact, named(folder, stem, suffix)), None)


def digest(*parts: str) -> str:
    """A short name for some inputs together."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:DIGITS]


def array_bytes(array: Array) -> bytes:
    """The array as an .npy file."""
    return header(array.dtype, array.shape) + np.ascontiguousarray(array).tobytes()


def header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    description = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, description)
    return stream.getvalue()


def open_array(path: Path, dtype: type[np.generic], shape: tuple[int, ...]) -> Array:
    """An .npy file that must hold this dtype and shape, memory-mapped. Raises IndexCorrupt."""
    wanted = np.dtype(dtype)
    expected = header(wanted, shape)
    try:
        with path.open("rb") as stream:
            found = stream.read(len(expected))
        if found != expected or path.stat().st_size != len(expected) + wanted.itemsize * int(np.prod(shape)):
            raise IndexCorrupt(f"{path}: is not an array of {wanted} with shape {shape}")
        if 0 in shape:
            return np.empty(shape, wanted)
        return np.memmap(path, wanted, "r", len(expected), shape).view(np.ndarray)
    except (OSError, ValueError) as error:
        raise IndexCorrupt(f"{path}: cannot be read ({_reason(error)})") from None


def release(array: Array) -> None:
    """Let the pages go that a memory-mapped array has in memory: what is read again is mapped again."""
    held: object = array
    while isinstance(held, np.ndarray):
        held = held.base
    if isinstance(held, mmap.mmap) and hasattr(held, "madvise"):
        held.madvise(mmap.MADV_DONTNEED)


def table_bytes(columns: dict[str, list[Any]], schema: pa.Schema) -> bytes:
    """The columns as an Arrow IPC file of one record batch."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(pa.record_batch(columns, schema=schema))
    return bytes(sink.getvalue())


def open_table(path: Path, schema: pa.Schema, rows: int | None = None) -> pa.RecordBatch:
    """As peek_table, and validated: no damage to offsets or UTF-8 can lead astray later."""
    batch = peek_table(path, schema, rows)
    try:
        batch.validate(full=True)
    except (pa.ArrowException, ValueError) as error:
        raise IndexCorrupt(f"{path}: is damaged ({_reason(error)})") from None
    return batch


def peek_table(path: Path, schema: pa.Schema, rows: int | None = None) -> pa.RecordBatch:
    """An Arrow IPC file that must hold one batch of this schema and length, memory-mapped.

    Only the headers are looked at. Raises IndexCorrupt.
    """
    try:
        reader = pa.ipc.open_file(pa.memory_map(os.fsencode(path)))
        if reader.schema != schema or reader.num_record_batches != 1:
            raise IndexCorrupt(f"{path}: is not a table of {', '.join(schema.names)}")
        batch = reader.get_batch(0)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise IndexCorrupt(f"{path}: cannot be read ({_reason(error)})") from None
    if rows is not None and batch.num_rows != rows:
        raise IndexCorrupt(f"{path}: holds {count_of(batch.num_rows, 'row')}; expected {rows}")
    return batch


def values_of(table: pa.RecordBatch, name: str, rows: Array) -> list[Any]:
    """The values of a column of large_string or int64 in these rows, int [N], in their order; no others are read. By
    `take`, pyarrow would load what computes, and by `to_numpy` pandas."""
    column = table.column(name)
    if not pa.types.is_large_string(column.type):
        return numbers_of(column)[rows].tolist()  # type: ignore[no-any-return]
    starts, texts = numbers_of(column), memoryview(column.buffers()[2] or b"")
    return [
        str(texts[start:stop], "utf-8")
        for start, stop in zip(starts[rows].tolist(), starts[rows + 1].tolist(), strict=True)
    ]


def lengths_of(table: pa.RecordBatch, name: str, rows: Array) -> Array:
    """Bytes of a large_string column's values in these rows, int [N]."""
    starts = numbers_of(table.column(name))
    return np.asarray(starts[rows + 1] - starts[rows])


def numbers_of(column: pa.Array) -> Array:
    """The values of an int64 column, or where each of a large_string column begins and the last ends."""
    return np.frombuffer(column.buffers()[1], np.int64)[column.offset :]


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error).splitlines()[0]
