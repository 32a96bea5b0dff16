"""Bytes to UTF-8: byte order marks, other encodings by name, and a guess at what a file is in."""

from __future__ import annotations

import codecs
import io
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from miner.errors import ConfigError, InputError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""The longer of two marks that begin alike comes first."""
LIKELY = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "iso8859_2", "koi8_r"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949", "utf_16", "utf_16_le", "utf_16_be"),
)
SAMPLE = 1 << 16
_WORD = re.compile(r"[^\W\d_]+")
_ASCII = re.compile(r"[A-Za-z]")
_FOREIGN = re.compile(r"[\u0370-\u06ff]")
"""Greek, Cyrillic, Armenian, Hebrew, Arabic: alphabets of which no word has Latin letters too."""
CHUNK = 1 << 16


def check_encoding(name: str | None) -> None:
    """Raise ConfigError for an encoding that is not known, or does not give text."""
    try:
        if name is not None:
            "".encode(name)
    except LookupError:
        known = "utf-8, utf-16, cp1252, latin-1, shift_jis, gb18030"
        raise ConfigError(f"no encoding is named {name!r}; known are for example {known}") from None


def as_utf8(stream: BinaryIO, path: Path, encoding: str | None) -> BinaryIO:
    """The stream's text as UTF-8 without a byte order mark. A mark goes before the encoding that is named.

    What is not of the encoding raises InputError while it is read; UTF-8 is not looked at.
    """
    try:
        start = stream.peek(4)[:4]  # type: ignore[attr-defined]
    except OSError:
        return stream
    marked = next((name for mark, name in MARKS if start.startswith(mark)), None)
    if marked == "utf-8-sig":
        stream.read(len(codecs.BOM_UTF8))
        return _with_line_ends(stream)
    name = marked or encoding
    if name is None or codecs.lookup(name).name in ("utf-8", "ascii"):
        return _with_line_ends(stream)
    return _with_line_ends(io.BufferedReader(_Recoded(stream, path, name), buffer_size=1 << 18))


def _with_line_ends(stream: BinaryIO) -> BinaryIO:
    """The text, with line feeds where its lines end in carriage returns alone, as some spreadsheets write them."""
    try:
        start = stream.peek(CHUNK)  # type: ignore[attr-defined]
    except OSError:
        return stream
    if b"\r" not in start or b"\n" in start:
        return stream
    return io.BufferedReader(_Returns(stream), buffer_size=1 << 18)


class _Returns(io.RawIOBase):
    """A stream with line feeds for carriage returns."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self.stream.read(len(view)).replace(b"\r", b"\n")
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self.stream.close()
        super().close()


class _Recoded(io.RawIOBase):
    """A stream in another encoding, as UTF-8."""

    def __init__(self, stream: BinaryIO, path: Path, encoding: str) -> None:
        self.stream, self.path, self.encoding = stream, path, encoding
        self.decoder = codecs.getincrementaldecoder(encoding)()
        self.ready, self.ended = b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        while not self.ready and not self.ended:
            data = self.stream.read(CHUNK)
            self.ended = not data
            try:
                self.ready = self.decoder.decode(data, final=self.ended).encode("utf-8", "surrogatepass")
            except UnicodeError:
                raise InputError(self.path, None, f"is not {self.encoding}") from None
        count = min(len(view), len(self.ready))
        view[:count], self.ready = self.ready[:count], self.ready[count:]
        return count

    def close(self) -> None:
        if not self.closed:
            self.stream.close()
        super().close()


def likely_encoding(data: bytes) -> str:
    """The end of a message about bytes that are not UTF-8: what they look like, and the option for it."""
    return _likely(data[:SAMPLE])


@lru_cache(maxsize=64)
def _likely(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    matches = from_bytes(sample, cp_isolation=list(LIKELY))
    found = next((match for match in matches if not _is_mixed(str(match))), None)
    if found is None:
        return ""
    same = sample.decode(LIKELY[0], "replace") == sample.decode(found.encoding, "replace")
    name = LIKELY[0] if same else found.encoding
    return f"; it looks like {name}: --encoding {name}"


def _is_mixed(text: str) -> bool:
    """Whether most words of another alphabet have Latin letters in them: 'GrцЯe' is no word, but 'Größe' misread."""
    foreign = [word for word in _WORD.findall(text) if _FOREIGN.search(word)]
    return 2 * sum(_ASCII.search(word) is not None for word in foreign) > len(foreign)
