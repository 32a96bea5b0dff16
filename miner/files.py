"""Reading and writing files: compressed text, JSONL with line numbers, whole-or-nothing writes."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from miner.errors import ConfigError, InputError, MissingExtra, OutputError

MAX_LINE = 64 * 2**20
BOM = b"\xef\xbb\xbf"
COMPRESSED = (".gz", ".zst")


def open_binary(path: Path) -> BinaryIO:
    """The file's bytes, unpacked if its name ends in .gz or .zst."""
    if not path.exists():
        raise ConfigError(f"{path}: no such file")
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder; expected a file")
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "rb")  # type: ignore[return-value]
        if path.suffix == ".zst":
            return _open_zst(path)
        return path.open("rb")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from None


def _open_zst(path: Path) -> BinaryIO:
    try:
        import zstandard
    except ImportError:
        raise MissingExtra("reading .zst files", "zst") from None
    return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(path.open("rb")))


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Line number (from 1) and content without its line end; blank lines are skipped.

    Raises InputError for a byte order mark, a line over MAX_LINE bytes, damaged compression.
    """
    number = 0
    try:
        with open_binary(path) as stream:
            while line := stream.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise InputError(path, number, f"the line is longer than {MAX_LINE >> 20} MiB")
                if number == 1 and line.startswith(BOM):
                    raise InputError(path, 1, "begins with a byte order mark; expected UTF-8 without one")
                line = line.strip()
                if line:
                    yield number, line
    except (EOFError, zlib.error, OSError) as error:
        raise InputError(path, number + 1, f"cannot be read on ({error})") from None
    except Exception as error:
        if type(error).__name__ != "ZstdError":
            raise
        raise InputError(path, number + 1, f"cannot be read on ({error})") from None


def decode(line: bytes, path: Path, number: int) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(path, number, f"is not UTF-8 (byte {error.start + 1} of the line)") from None


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object of each line. Raises InputError for what is not a JSON object."""
    for number, line in read_lines(path):
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            decode(line, path, number)
            raise InputError(path, number, f"is not valid JSON ({error})") from None
        if not isinstance(value, dict):
            raise InputError(path, number, f"holds {kind(value)}; expected a JSON object")
        yield number, value


def kind(value: object) -> str:
    """How a JSON value is named in a message."""
    names = {
        type(None): "null",
        str: "a string",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), type(value).__name__)


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """A private temporary file beside `path` that takes its place, synced, when the block ends well."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        with os.fdopen(descriptor, "wb", buffering=1 << 20) as stream:
            yield stream
            stream.flush()
            os.fchmod(stream.fileno(), 0o666 & ~_umask())
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, data: bytes) -> None:
    with atomic(path) as stream:
        stream.write(data)


def write_json(path: Path, value: Any) -> None:
    write_bytes(path, orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def write_jsonl(path: Path, rows: Iterable[Any]) -> None:
    with atomic(path) as stream:
        for row in rows:
            stream.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
