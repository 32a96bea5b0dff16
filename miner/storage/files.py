"""Reading and writing files: compressed text, JSONL with line numbers; writes are whole or nothing."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from miner.errors import ConfigError, InputError, MinerError
from miner.storage.atomic import atomic as atomic
from miner.storage.atomic import check_writable as check_writable
from miner.storage.atomic import is_stream as is_stream
from miner.storage.atomic import sync_folder as sync_folder
from miner.storage.atomic import together as together
from miner.storage.encodings import SAMPLE, as_utf8, likely_encoding

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_LINE = 64 * 2**20
"""Bytes of one line, or of one document, that are read; more is an error."""
MAX_UNPACKED = 2**30
MAX_RATIO = 1000
"""A compressed file may unpack to MAX_UNPACKED bytes or to MAX_RATIO times its size, whichever is more."""
BOM = b"\xef\xbb\xbf"
_LONE = re.compile("[\ud800-\udfff]")
COMPRESSED = {".gz": "gzip", ".zst": "zstd"}


def open_binary(path: Path) -> BinaryIO:
    """The file's bytes, unpacked if its name ends in .gz or .zst.

    Raises ConfigError for a path that cannot be opened. What is damaged, cut short or unpacks beyond
    all measure raises OSError or InputError while it is read.
    """
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a folder; expected a file") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if path.suffix.lower() not in COMPRESSED:
        return stream
    return io.BufferedReader(_Unpacked(path, stream), buffer_size=1 << 18)


class _Unpacked(io.RawIOBase):
    """A compressed file, unpacked as it is read and no further than the limits."""

    def __init__(self, path: Path, packed: BinaryIO) -> None:
        import pyarrow as pa

        self.path, self.packed, self.unpacked = path, packed, 0
        self.size = os.fstat(packed.fileno()).st_size
        self.limit = max(MAX_UNPACKED, MAX_RATIO * self.size)
        self.damage = (OSError, pa.ArrowException)
        self.stream = pa.CompressedInputStream(pa.PythonFile(packed, "r"), COMPRESSED[path.suffix.lower()])

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        try:
            count = int(self.stream.readinto(buffer))
        except self.damage as error:
            raise OSError(str(error)) from None
        self.unpacked += count
        if self.unpacked > self.limit:
            raise InputError(self.path, None, f"unpacks to over {self.limit >> 20} MiB; unpack it yourself")
        if not self.unpacked:
            raise OSError("Truncated compressed stream")
        return count

    def close(self) -> None:
        if not self.closed:
            self.stream.close()
            self.packed.close()
        super().close()


def open_text(path: Path, encoding: str | None = None) -> BinaryIO:
    """The file's text as UTF-8, without a byte order mark, unpacked as open_binary does. Raises what it raises."""
    return as_utf8(open_binary(path), path, encoding)


def read_lines(path: Path, encoding: str | None = None) -> Iterator[tuple[int, bytes]]:
    """Line number (from 1) and content in UTF-8 without its line end; blank lines are skipped.

    Raises InputError for a line over MAX_LINE bytes, damaged compression.
    """
    for number, line in raw_lines(path, encoding):
        line = line.strip()
        if line:
            yield number, line


def raw_lines(path: Path, encoding: str | None = None) -> Iterator[tuple[int, bytes]]:
    """Line number (from 1) and content in UTF-8 with its line end. Raises as read_lines does."""
    number = 0
    with open_text(path, encoding) as stream:
        while line := _read_line(stream, path, number + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise InputError(path, number, f"the line is longer than {MAX_LINE >> 20} MiB")
            yield number, line


def _read_line(stream: BinaryIO, path: Path, number: int) -> bytes:
    try:
        return stream.readline(MAX_LINE + 1)
    except OSError as error:
        raise InputError(path, number, f"cannot be read further ({error.strerror or error})") from None


def read_bytes(path: Path, encoding: str | None = None, most: int | None = None) -> bytes:
    """All of a file, as UTF-8. Raises InputError for over `most` bytes (MAX_LINE) and for what cannot be read."""
    most = most or MAX_LINE
    try:
        with open_text(path, encoding) as stream:
            data = stream.read(most + 1)
    except OSError as error:
        raise InputError(path, None, f"cannot be read ({error.strerror or error})") from None
    if len(data) > most:
        raise InputError(path, None, f"the document is longer than {most >> 20} MiB; split it")
    return data


def read_text(path: Path, encoding: str | None = None) -> str:
    """A whole document, its line ends kept.

    Raises InputError for what is not text in UTF-8 or the encoding, a NUL, a document over MAX_LINE bytes.
    """
    data = read_bytes(path, encoding)
    if (nul := data.find(b"\0")) >= 0:
        raise InputError(path, data.count(b"\n", 0, nul) + 1, "holds a NUL character; expected text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(path, line, f"is not UTF-8{likely_encoding(data)}") from None


def decode(line: bytes, path: Path, number: int) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        guess = likely_encoding(_sample(path) or line)
        raise InputError(path, number, f"is not UTF-8 (byte {error.start + 1} of the line){guess}") from None


def _sample(path: Path) -> bytes:
    """The beginning of a file, to tell its encoding by."""
    try:
        with open_binary(path) as stream:
            return stream.read(SAMPLE)
    except (OSError, MinerError):
        return b""


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object of each line. Raises InputError for what is not a JSON object."""
    for number, line in read_lines(path):
        yield number, parse_object(line, path, number)


def parse_object(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        decode(line, path, number)
        raise InputError(path, number, f"is not valid JSON ({error})") from None
    if not isinstance(value, dict):
        raise InputError(path, number, f"holds {kind(value)}; expected a JSON object")
    return value


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


def write_bytes(path: Path, data: bytes) -> None:
    with atomic(path) as stream:
        stream.write(data)


def write_json(path: Path, value: Any) -> None:
    write_bytes(path, json_bytes(value))


def json_bytes(value: Any, option: int = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE) -> bytes:
    r"""A record as JSON; bytes in it that are not UTF-8, as names of files may have, are spelt \xe4.

    Raises TypeError for what JSON has no word for.
    """
    try:
        return orjson.dumps(value, option=option)
    except TypeError:
        return orjson.dumps(_spelt(value), option=option)


def _spelt(value: Any) -> Any:
    if isinstance(value, str):
        return spelt(value)
    if isinstance(value, dict):
        return {_spelt(key): _spelt(each) for key, each in value.items()}
    return [_spelt(each) for each in value] if isinstance(value, list | tuple) else value


def spelt(text: str) -> str:
    r"""The text with bytes that are not UTF-8 (lone surrogates, as os.fsdecode makes them) spelt \xe4."""
    return _LONE.sub(_escape, text)


def _escape(lone: re.Match[str]) -> str:
    code = ord(lone[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def write_jsonl(path: Path, rows: Iterable[Any]) -> None:
    with atomic(path) as stream:
        for row in rows:
            stream.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return sha256_of(stream)


def sha256_of(stream: BinaryIO) -> str:
    """Of all that a stream holds; leaves it at its end."""
    stream.seek(0)
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()
