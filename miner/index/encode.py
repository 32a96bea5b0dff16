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
from miner.errors import ModelError
from miner.index import keys, sealed
from miner.index.ingest import PASSAGES, Part, encoded_texts
from miner.index.manifest import FILE, plain
from miner.index.sealed import Sealed

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

    folder: Path
    encoder: Encoder
    known: Known
    advance: Advance = unheard
    warm: ClassVar[bool] = True

    @property
    def key(self) -> str:
        return f"encoding {self.folder} {encoder_key(self.encoder)}"

    def __reduce__(self) -> tuple[type[Encoding], tuple[Path, Encoder, Known]]:
        return Encoding, (self.folder.absolute(), self.encoder, self.known)

    def start(self) -> Callable[[Part], Encoded]:
        return self._encode

    def _encode(self, part: Part) -> Encoded:
        texts, tokens = 0, tokens_of(self.encoder)

        def advance(count: int) -> None:
            nonlocal texts
            texts += count
            self.advance(count)

        vectors = encode_shard(self.folder, part, self.encoder, self.known, advance)
        return Encoded(vectors, texts, tokens_of(self.encoder) - tokens)


def encoder_key(encoder: Encoder) -> str:
    """A hash of all that decides the encoder's vectors."""
    return key_of(encoder.fingerprint)


def key_of(fingerprint: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(plain(fingerprint), option=orjson.OPT_SORT_KEYS)).hexdigest()


def tokens_of(encoder: Encoder) -> int:
    """Tokens the encoder has worked through in its life, if it counts them."""
    return int(getattr(encoder, "tokens_encoded", 0))


def encode_shard(folder: Path, part: Part, encoder: Encoder, known: Known, advance: Advance) -> Sealed:
    """The vectors of a shard, fp16 unit rows [rows, dim], on disk.

    A pure function of passages and encoder: done again it finds its own result and returns at once, and
    two who do it at the same time write the same file. `advance` is told how many texts were encoded.
    """
    stem = vector_stem(part.number, part.passages.sha256, encoder_key(encoder))
    if (done := sealed.whole(folder, stem, ".npy")) is not None:
        return sealed.record(folder, done)
    passages = sealed.check(folder, part.passages)
    texts = encoded_texts(sealed.open_table(passages, PASSAGES, part.rows))
    vectors = np.empty((part.rows, encoder.dim), np.float16)
    missing = np.flatnonzero(~known.copy(texts, vectors))
    ends = np.cumsum([len(texts[row]) for row in missing], dtype=np.int64) // BLOCK
    for rows in np.split(missing, np.flatnonzero(np.diff(ends)) + 1) if len(missing) else ():
        vectors[rows] = unit_rows(
            encoder.encode_passages([texts[row] for row in rows]), len(rows), encoder.dim
        )
        advance(len(rows))
    return sealed.seal(folder, stem, ".npy", sealed.array_bytes(vectors))


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


def known_in(folder: Path, encoder: Encoder, parts: Iterable[Part]) -> Known:
    """What the encoder made for other shards than `parts` and that lies in the folder still."""
    ours = {folder / part.passages.file for part in parts}
    return Known(
        encoder.dim,
        tuple(
            (passages.absolute(), vectors.absolute())
            for passages in sorted((folder / "passages").glob("*.arrow"))
            if passages not in ours and FILE.fullmatch(f"passages/{passages.name}")
            for vectors in sealed.named(folder, _stem_of(passages, encoder_key(encoder)), ".npy")[:1]
        ),
    )


class Known:
    """Vectors by text: files of passages with those of their vectors."""

    def __init__(self, dim: int, shards: tuple[tuple[Path, Path], ...]) -> None:
        self.dim, self.shards = dim, shards
        self.open = lru_cache(maxsize=8)(self._open)

    def __reduce__(self) -> tuple[type[Known], tuple[int, tuple[tuple[Path, Path], ...]]]:
        return Known, (self.dim, self.shards)

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
            there = encoded_texts(batch.take(pa.array(rows)))
            equal = np.array([texts[i] == text for i, text in zip(here, there, strict=True)], np.bool_)
            out[here[equal]], done[here[equal]] = vectors[rows[equal]], True
        return done

    @cached_property
    def table(self) -> keys.Hashes:
        """uint64 [2, n]: hashes of texts over shard << 32 | row; of shards that are intact."""
        tables = [np.empty((2, 0), np.uint64)]
        for number, files in enumerate(self.shards):
            if all(map(sealed.intact, files)):
                texts = encoded_texts(self.open(number)[0])
                places = np.arange(len(texts), dtype=np.uint64) + np.uint64(number << 32)
                tables.append(np.stack([keys.hashes(texts), places]))
        return keys.table(*np.concatenate(tables, axis=1))

    def _open(self, number: int) -> tuple[pa.RecordBatch, Half]:
        passages, vectors = self.shards[number]
        batch = sealed.open_table(passages, PASSAGES)
        return batch, sealed.open_array(vectors, np.float16, (batch.num_rows, self.dim))


def _stem_of(passages: Path, encoder: str) -> str:
    number, _, digest = passages.stem.partition("-")
    return vector_stem(int(number), digest, encoder)
