"""From the passages of a shard to its vectors: what is known is copied, the rest encoded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import orjson
import pyarrow as pa

from miner.data import Bool, Float32, Half
from miner.encoders import Encoder
from miner.encoders.lazy import sendable
from miner.errors import IndexCorrupt, ModelError
from miner.index import keys
from miner.index.ingest import FORMER, PASSAGES, UnencodedShard, encoded_texts
from miner.index.manifest import FILE, plain
from miner.progress import ticking
from miner.storage import sealed
from miner.storage.place import Place
from miner.storage.sealed import Sealed

BLOCK = 2**21
"""Characters handed to the encoder at once: enough to fill its batches, few enough to show signs of life."""

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A shard's vectors on disk, and how many texts and tokens the encoder worked through for them."""

    vectors: Sealed
    texts: int
    tokens: int


def unheard(count: int) -> None:
    """Nobody is told of progress."""


@dataclass(frozen=True)
class Encoding:
    """Encode shards (distributed.Work). Sent to a worker, it loads its encoder again and tells nobody."""

    place: Place
    encoder: Encoder
    known: Known
    advance: Advance = unheard
    warm: ClassVar[bool] = True

    @property
    def key(self) -> str:
        return f"encoding {self.place} {encoder_key(self.encoder)} but for {self.known.shards}"

    def __reduce__(self) -> tuple[type[Encoding], tuple[Place, Encoder, Known]]:
        return Encoding, (self.place, sendable(self.encoder), self.known)

    def start(self) -> Callable[[UnencodedShard], Encoded]:
        return self._encode

    def _encode(self, part: UnencodedShard) -> Encoded:
        texts, tokens = 0, tokens_of(self.encoder)

        def advance(count: int) -> None:
            nonlocal texts
            texts += count
            self.advance(count)

        vectors = encode_shard(self.place, part, self.encoder, self.known, advance)
        return Encoded(vectors, texts, tokens_of(self.encoder) - tokens)


def encoder_key(encoder: Encoder) -> str:
    """A hash of all that decides the encoder's vectors."""
    return key_of(encoder.fingerprint)


def key_of(fingerprint: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(plain(fingerprint), option=orjson.OPT_SORT_KEYS)).hexdigest()


def tokens_of(encoder: Encoder) -> int:
    """Tokens the encoder has worked through in its life, if it counts them."""
    return int(getattr(encoder, "tokens_encoded", 0))


def encode_shard(
    place: Place, part: UnencodedShard, encoder: Encoder, known: Known, advance: Advance
) -> Sealed:
    """The vectors of a shard, fp16 unit rows [rows, dim], on disk.

    A pure function of passages and encoder: done again it finds its own result and returns at once, and
    two who do it at the same time write the same file. `advance` is told how many texts were encoded.
    """
    stem = vector_stem(part.number, part.passages.sha256, encoder_key(encoder))
    if done := place.whole(stem, ".npy"):
        return done
    texts = encoded_texts(sealed.open_table(place.check(part.passages), PASSAGES, part.rows))
    vectors = np.empty((part.rows, encoder.dim), np.float16)
    missing = np.flatnonzero(~known.copy(texts, vectors))
    ends = np.cumsum([len(texts[row]) for row in missing], dtype=np.int64) // BLOCK
    for rows in np.split(missing, np.flatnonzero(np.diff(ends)) + 1) if len(missing) else ():
        with ticking(advance, len(rows)):
            made = encoder.encode_passages([texts[row] for row in rows])
        vectors[rows] = unit_rows(made, len(rows), encoder.dim)
    return place.seal(stem, ".npy", sealed.array_bytes(vectors))


def vector_stem(number: int, passages: str, encoder: str) -> str:
    """What a shard's vectors are called; of the SHA-256 of its passages the start will do."""
    return f"vectors/{number:05d}-{sealed.digest(passages[: sealed.DIGITS], encoder)}"


def unit_rows(vectors: Float32, count: int, dim: int) -> Half:
    """The encoder's answer as fp16. Raises ModelError unless it is `count` finite unit rows."""
    if vectors.shape != (count, dim):
        raise ModelError(f"the encoder gave an array {list(vectors.shape)}; expected {[count, dim]}")
    norms = np.linalg.norm(vectors.astype(np.float32, copy=False), axis=1)
    wrong = np.flatnonzero(~(np.abs(norms - 1) < 0.01))
    if len(wrong):
        raise ModelError(f"the encoder gave a vector of length {norms[wrong[0]]}; expected unit vectors")
    return vectors.astype(np.float16)


def known_in(place: Place, encoder: Encoder, parts: Iterable[UnencodedShard]) -> Known:
    """What the encoder made for other shards than `parts` and that lies in the place still."""
    ours, key = {part.passages.file for part in parts}, encoder_key(encoder)
    vectors = {name.rpartition("-")[0]: name for name in place.names("vectors") if FILE.fullmatch(name)}
    passages = (name for name in place.names("passages") if FILE.fullmatch(name) and name not in ours)
    pairs = ((name, vectors.get(_stem_of(name, key))) for name in passages)
    return Known(place, encoder.dim, tuple((texts, made) for texts, made in pairs if made))


class Known:
    """Vectors by text: files of passages with those of their vectors, by name."""

    def __init__(self, place: Place, dim: int, shards: tuple[tuple[str, str], ...]) -> None:
        self.place, self.dim, self.shards = place, dim, shards
        self.open = lru_cache(maxsize=8)(self._open)

    def __reduce__(self) -> tuple[type[Known], tuple[Place, int, tuple[tuple[str, str], ...]]]:
        return Known, (self.place, self.dim, self.shards)

    def copy(self, texts: Sequence[str], out: Half) -> Bool:
        """Fill the rows of `out` whose text is known; which ones they are."""
        done = np.zeros(len(texts), np.bool_)
        if not self.shards:
            return done
        positions, places = keys.find(self.table, keys.hashes(texts))
        for number in np.unique(places >> 32).tolist():
            batch, vectors = self.open(number)
            here = positions[places >> 32 == number]
            rows = (places & 0xFFFFFFFF)[places >> 32 == number]
            there = encoded_texts(batch, rows.astype(np.int64))
            equal = np.array([texts[i] == text for i, text in zip(here, there, strict=True)], np.bool_)
            out[here[equal]], done[here[equal]] = vectors[rows[equal]], True
        return done

    @cached_property
    def table(self) -> keys.Hashes:
        """uint64 [2, n]: hashes of texts over shard << 32 | row; of shards that are intact."""
        tables = [np.empty((2, 0), np.uint64)]
        for number, files in enumerate(self.shards):
            if all(map(self.place.intact, files)):
                texts = encoded_texts(self.open(number)[0])
                places = np.arange(len(texts), dtype=np.uint64) + np.uint64(number << 32)
                tables.append(np.stack([keys.hashes(texts), places]))
        return keys.table(*np.concatenate(tables, axis=1))

    def _open(self, number: int) -> tuple[pa.RecordBatch, Half]:
        passages, vectors = (self.place.folder / name for name in self.shards[number])
        batch = _passages(passages)
        return batch, sealed.open_array(vectors, np.float16, (batch.num_rows, self.dim))


def _passages(path: Path) -> pa.RecordBatch:
    """Of this format or the one before."""
    try:
        return sealed.open_table(path, PASSAGES)
    except IndexCorrupt:
        return sealed.open_table(path, FORMER)


def _stem_of(passages: str, encoder: str) -> str:
    """What the vectors of a file of passages are called."""
    number, _, digest = passages.partition("/")[2].partition(".")[0].partition("-")
    return vector_stem(int(number), digest, encoder)
