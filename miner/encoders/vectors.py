"""Vectors that were made elsewhere, by an API or in a database, in place of a model that makes them."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from miner.data import Float32, Int64, UInt64
from miner.encoders.base import Encoder
from miner.encoders.batches import unit
from miner.encoders.vector_sources import CHUNK, read_vectors
from miner.errors import ConfigError, IndexMismatch, ModelError
from miner.progress import count_of

T = TypeVar("T")

BACKEND = "vectors"
PROBED, AGREES = 4, 0.98
"""Texts that are encoded to see whether the vectors given are the encoder's, and the least cosine that says so."""


class GivenVectors:
    """Gives the vectors of texts that came with them; other texts go to `encoder`, if there is one.

    The fingerprint is the encoder's, who has made the vectors then; without one it is of the vectors.
    """

    caching = False
    """Whether vectors may be kept by their text: another call may come with others."""

    def __init__(
        self, vectors: Any, encoder: Encoder | None = None, *, fingerprint: Mapping[str, Any] | None = None
    ) -> None:
        self.rows = read_vectors(vectors)
        self.encoder, self._fingerprint = encoder, fingerprint
        self._hashes = array("Q")
        self._first = list[str]()

    @property
    def dim(self) -> int:
        return int(self.rows.shape[1])

    @cached_property
    def fingerprint(self) -> Mapping[str, Any]:
        if self._fingerprint is not None:
            return self._fingerprint
        if self.encoder is not None:
            return self.encoder.fingerprint
        return {"backend": BACKEND, "model": "given vectors", "sha256": _sha256(self.rows), "dim": self.dim}

    def claim(self, items: Iterable[T], text: Callable[[T], str]) -> Iterator[T]:
        """The items, the first of which has the first vector and so on. Raises ConfigError when they are not as
        many as the vectors, IndexMismatch if the vectors are not the encoder's."""
        for item in items:
            claimed = text(item)
            self._hashes.append(_hash(claimed))
            if len(self._first) < PROBED and claimed.strip():
                self._first.append(claimed)
            yield item
        if len(self._hashes) != len(self.rows):
            given = count_of(len(self.rows), "vector was", "vectors were")
            texts = count_of(len(self._hashes), "text")
            raise ConfigError(f"{given} given for {texts}; expected one for each, in their order")

    def check(self, encode: Callable[[Sequence[str]], Float32]) -> None:
        """Raises IndexMismatch unless `encode` gives about the vectors of the first texts."""
        if not self._first:
            return
        ours, theirs = self._known(self._first)[1], encode(self._first)
        if theirs.shape != ours.shape:
            raise IndexMismatch(
                f"the vectors given have {self.dim} numbers, the encoder's {theirs.shape[1]}; expected the same"
            )
        cosine = float(np.sum(ours * theirs, axis=1).min())
        if not cosine > AGREES:
            raise IndexMismatch(
                f"the vectors given are not the encoder's: its vector of {self._first[0][:60]!r} or of another of "
                f"the first texts has a cosine of {cosine:.2f} to the one given; name the encoder that made them, "
                "or none"
            )

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        return self._encode(texts, "passage", None if self.encoder is None else self.encoder.encode_passages)

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        return self._encode(texts, "query", None if self.encoder is None else self.encoder.encode_queries)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if self.encoder is not None:
            return self.encoder.count_tokens(texts)
        return [-(-len(text.encode("utf-8", "surrogatepass")) // 4) for text in texts]

    def _encode(
        self, texts: Sequence[str], what: str, encode: Callable[[Sequence[str]], Float32] | None
    ) -> Float32:
        known, vectors = self._known(texts)
        missing = [text for text, there in zip(texts, known, strict=True) if not there]
        if missing and encode is None:
            raise ModelError(
                f"there is no vector for the {what} {missing[0][:80]!r}; give one for each, or an encoder for those "
                "that have none"
            )
        if missing and encode is not None:
            vectors[~known] = encode(missing)
        return vectors

    def _known(self, texts: Sequence[str]) -> tuple[Any, Float32]:
        """Bool [N], and unit rows [N, dim] where true."""
        wanted = np.array([_hash(text) for text in texts], np.uint64)
        hashes, order = self._table
        out = np.zeros((len(texts), self.dim), np.float32)
        if not len(hashes):
            return np.zeros(len(texts), np.bool_), out
        places = np.searchsorted(hashes, wanted).clip(max=len(hashes) - 1)
        known = hashes[places] == wanted
        if known.any():
            rows = order[places[known]]
            out[known] = unit(np.array(self.rows[rows], np.float32))
        return known, out

    @property
    def _table(self) -> tuple[UInt64, Int64]:
        """Sorted hashes of texts and the rows of their vectors, the first of equal texts first."""
        if len(self._sorted[0]) != len(self._hashes):
            hashes = np.array(self._hashes, np.uint64)
            order = np.argsort(hashes, kind="stable")
            self._sorted = hashes[order], order.astype(np.int64)
        return self._sorted

    _sorted: tuple[UInt64, Int64] = (np.empty(0, np.uint64), np.empty(0, np.int64))


def _sha256(rows: Any) -> str:
    found = hashlib.sha256(f"{list(rows.shape)}".encode())
    for start in range(0, len(rows), CHUNK):
        found.update(np.ascontiguousarray(rows[start : start + CHUNK], np.float32).data)
    return found.hexdigest()


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
