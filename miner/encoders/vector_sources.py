"""Vectors out of arrays, Arrow columns and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from miner.errors import ConfigError, InputError
from miner.progress import count_of

CHUNK = 1 << 16
"""Rows that are held in memory at once of a file that is memory-mapped."""

TAKEN = "an array [texts, dim], a .npy file, an Arrow column, or 'FILE.parquet:COLUMN'"


def read_vectors(source: Any) -> Any:
    """Vectors [N, dim] as an array, memory-mapped out of a .npy file. Raises ConfigError for what cannot be read
    as such, InputError for a file's content.
    """
    if isinstance(source, str | Path):
        return _of_file(str(source))
    if hasattr(source, "combine_chunks") or (hasattr(source, "flatten") and hasattr(source, "offset")):
        return _of_arrow(source, "the column")
    try:
        plain = source.detach().cpu().float() if hasattr(source, "detach") else source
        rows = np.asarray(plain if hasattr(plain, "__array__") and _is_plain(plain) else list(plain))
        return _checked(rows if rows.dtype.kind == "f" else rows.astype(np.float32), "the vectors")
    except (TypeError, ValueError):
        raise ConfigError(f"the vectors are {type(source).__name__}; expected {TAKEN}") from None


def _is_plain(source: Any) -> bool:
    """Whether it is an array of numbers, not one of lists."""
    return np.asarray(source).dtype != object


def _of_file(name: str) -> Any:
    path, _, column = name.partition(".parquet:")
    if column or name.endswith(".parquet"):
        return _of_parquet(Path(f"{path}.parquet" if column else name), column)
    if not name.endswith(".npy"):
        raise ConfigError(f"{name}: not a file of vectors; expected {TAKEN}")
    try:
        return _checked(np.load(name, mmap_mode="r", allow_pickle=False), name)
    except FileNotFoundError:
        raise ConfigError(f"{name}: no such file") from None
    except (OSError, ValueError) as error:
        raise InputError(name, None, f"is not a .npy file of numbers ({error})") from None


def _of_parquet(path: Path, column: str) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
        lists = [f.name for f in schema if _is_list(f.type)]
        if not column and len(lists) == 1:
            column = lists[0]
        if column not in schema.names:
            found = ", ".join(lists or schema.names)
            raise ConfigError(
                f"{path}: has no column {column!r} of vectors; found {found}; name it as {path}:NAME"
            )
        return _of_arrow(pq.read_table(path, columns=[column]).column(0), f"{path}: the column {column!r}")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            path, None, f"is not a readable parquet file ({str(error).splitlines()[0]})"
        ) from None


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _of_arrow(column: Any, name: str) -> Any:
    import pyarrow.compute as pc

    if not _is_list(column.type):
        raise ConfigError(f"{name} holds {column.type}; expected lists of numbers")
    if column.null_count:
        raise ConfigError(
            f"{name} has no vector in {count_of(column.null_count, 'row')}; expected one in each"
        )
    values = pc.list_flatten(column)
    flat = (values.combine_chunks() if hasattr(values, "combine_chunks") else values).to_numpy(
        zero_copy_only=False
    )
    lengths = np.unique(pc.list_value_length(column).to_numpy(zero_copy_only=False)) if len(column) else [1]
    if len(lengths) != 1:
        raise ConfigError(
            f"{name} holds vectors of {lengths[0]} and of {lengths[-1]} numbers; expected one length"
        )
    if flat.dtype.kind not in "fiu":
        raise ConfigError(f"{name} holds lists of {column.type.value_type}; expected lists of numbers")
    return _checked(np.asarray(flat, np.float32).reshape(len(column), int(lengths[0])), name)


def _checked(rows: Any, name: str) -> Any:
    if rows.ndim != 2 or rows.dtype.kind not in "fiu" or not rows.shape[1]:
        raise ConfigError(f"{name} are {rows.dtype} {list(rows.shape)}; expected numbers [texts, dim]")
    for start in range(0, len(rows), CHUNK):
        part = np.asarray(rows[start : start + CHUNK], np.float32)
        wrong = np.flatnonzero(~np.isfinite(part).all(axis=1))
        if len(wrong):
            raise ConfigError(f"{name}: vector {start + int(wrong[0]) + 1:,} is not finite")
    return rows
