"""Vectors of texts that were encoded before, by encoder: never encode a query twice.

One file a role and encoder, `cache/queries-<encoder>-<checksum>.npy`, replaced as a whole: lines of 16
bytes of the text's BLAKE2b and the fp16 vector, sorted. A damaged file is as good as none; in a folder
that cannot be written nothing is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from miner.data import Half, Int64
from miner.errors import IndexCorrupt, OutputError
from miner.storage import sealed

DIGEST = 16
MAX_BYTES = 2**28
"""A cache that would grow beyond this begins anew with the texts of the last call."""

Lines = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class VectorCache:
    """`role` is 'queries' or 'passages'; `encoder` the hash of the encoder's fingerprint."""

    folder: Path
    role: str
    encoder: str
    dim: int

    def vectors(self, texts: Sequence[str], encode: Callable[[Sequence[str]], Half]) -> Half:
        """fp16 [len(texts), dim], in order; only what is not in the cache is encoded, each text once."""
        digests = [_digest(text) for text in texts]
        unique = dict(zip(digests, texts, strict=True))
        lines = self._load()
        found = _lookup(lines, list(unique))
        missing = [digest for digest, place in zip(unique, found, strict=True) if place < 0]
        if missing:
            fresh = np.empty((len(missing), DIGEST + 2 * self.dim), np.uint8)
            fresh[:, :DIGEST] = _as_bytes(missing)
            fresh[:, DIGEST:] = encode([unique[digest] for digest in missing]).view(np.uint8)
            kept = lines if lines.nbytes + fresh.nbytes <= MAX_BYTES else lines[found[found >= 0]]
            lines = np.concatenate([kept, fresh])
            lines = lines[np.argsort(_heads(lines))]
            self._store(lines)
        rows = lines[_lookup(lines, digests), DIGEST:]
        return np.ascontiguousarray(rows).view(np.float16).reshape(len(texts), self.dim)

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Those that were not encoded before, each once."""
        distinct = list(dict.fromkeys(texts))
        found = _lookup(self._load(), [_digest(text) for text in distinct])
        return [text for text, place in zip(distinct, found, strict=True) if place < 0]

    @property
    def _stem(self) -> str:
        return f"cache/{self.role}-{self.encoder[: sealed.DIGITS]}"

    def _load(self) -> Lines:
        width = DIGEST + 2 * self.dim
        path = sealed.whole(self.folder, self._stem, ".npy")
        if path is not None:
            head = len(sealed.header(np.dtype(np.uint8), (0, width)))
            with suppress(IndexCorrupt, OSError):
                lines = (path.stat().st_size - head) // width
                return sealed.open_array(path, np.uint8, (lines, width))
        return np.empty((0, width), np.uint8)

    def _store(self, lines: Lines) -> None:
        with suppress(OutputError, OSError):
            kept = sealed.seal(self.folder, self._stem, ".npy", sealed.array_bytes(lines))
            for path in sealed.named(self.folder, self._stem, ".npy"):
                if path != self.folder / kept.file:
                    path.unlink(missing_ok=True)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST).digest()


def _as_bytes(digests: Sequence[bytes]) -> Lines:
    return np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), DIGEST)


def _heads(lines: Lines) -> NDArray[np.bytes_]:
    return np.ascontiguousarray(lines[:, :DIGEST]).view(f"S{DIGEST}").ravel()


def _lookup(lines: Lines, digests: Sequence[bytes]) -> Int64:
    """The line of each digest, -1 if it has none."""
    if not len(lines) or not digests:
        return np.full(len(digests), -1, np.int64)
    wanted = _heads(_as_bytes(digests))
    places = np.searchsorted(heads := _heads(lines), wanted).clip(max=len(lines) - 1)
    return np.where(heads[places] == wanted, places, -1).astype(np.int64)
