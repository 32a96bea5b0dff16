"""An index, opened: text, ids and vectors by row, rows by id and text, the nearest rows of queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from miner.data import PADDING, Candidates, Float32, Float64, Half, Int64, Passage
from miner.encoders import Encoder
from miner.encoders.endpoint import SidedTexts
from miner.encoders.lazy import LazyEncoder
from miner.errors import ConfigError, IndexMismatch
from miner.index import keys
from miner.index.encode import encoder_key, unit_rows
from miner.index.fingerprint import check_fingerprint, differ_by_versions
from miner.index.ingest import PASSAGES
from miner.index.manifest import Manifest, plain, read_manifest
from miner.index.shards import Shards
from miner.index.vector_cache import VectorCache
from miner.progress import count_of
from miner.storage.locks import Reading
from miner.storage.mirror import Mirror, place_of
from miner.storage.place import Place
from miner.storage.sealed import check_size, header, numbers_of, open_array, values_of
from miner.text.fold import fold
from miner.text.frequencies import Frequencies
from miner.vectors import moments as stats
from miner.vectors.exact import MAX_MEMORY, search

Rows = Sequence[int] | Int64

PROBED, AGREES = 16, 0.9995
"""Passages encoded again under other versions, and the cosine that shows that nothing has changed."""


class Index:
    """Passages with unit vectors; made by `open_index` and `build_index`.

    Everything is memory-mapped. An update of the folder does not disturb an open index. It can be
    pickled: a worker opens the same folder and refuses it if it holds another index by then.
    """

    caching = True
    """Whether vectors of texts that were encoded once are kept beside the index."""

    def __init__(self, place: Place, manifest: Manifest, reading: Reading) -> None:
        self.place, self.manifest, self._reading = place, manifest, reading
        self.store = Shards(place, manifest.shards, manifest.dim)
        self._statistics = open_array(place.path(manifest.statistics), np.float64, (self.dim + 1, self.dim))

    @cached_property
    def frequencies(self) -> Frequencies:
        """How many passages hold a word or a run of words."""
        file = self.manifest.frequencies
        columns = (file.size - len(header(np.dtype(np.uint64), (2, 0)))) // 16
        return Frequencies.read(open_array(self.place.path(file), np.uint64, (2, columns)))

    def __len__(self) -> int:
        return self.manifest.counts.passages

    def __repr__(self) -> str:
        return f"Index({str(self.place)!r}, {count_of(len(self), 'passage')})"

    def __reduce__(self) -> tuple[Callable[[Place, str], Index], tuple[Place, str]]:
        return reopen, (self.place, self.manifest.sha256)

    @property
    def path(self) -> Path:
        """The folder on this machine, where what is derived from the index is kept too."""
        return self.place.folder

    @property
    def dim(self) -> int:
        return self.manifest.dim

    @property
    def fingerprint(self) -> dict[str, Any]:
        """That of the encoder."""
        return plain(self.manifest.encoder)

    def describe(self) -> dict[str, Any]:
        """What a run record says about the index."""
        return {
            "path": str(self.place),
            "encoder": self.fingerprint,
            "corpus": self.manifest.corpus,
            **asdict(self.manifest.counts),
            **({"agreement": dict(self.manifest.agreement)} if self.manifest.agreement else {}),
        }

    def passages(self, rows: Rows) -> list[Passage]:
        """The passages in these rows, in order; of several ids the first that was read."""
        wanted = _int64(rows)
        out: list[Passage] = [Passage("", "")] * len(wanted)
        for number, positions, local in self.store.split(wanted):
            batch = self.store.passages(number)
            columns = (values_of(batch, name, local) for name in PASSAGES.names)
            for position, *values in zip(positions, *columns, strict=True):
                out[position] = Passage(*values)
        return out

    def lengths(self, rows: Rows) -> Int64:
        """int64 [len(rows)]: bytes of each passage's text, which is not read."""
        return self.store.lengths(_int64(rows))

    def ids(self, row: int) -> list[str]:
        """All ids of one row, in the order they were read."""
        ((number, _, (local,)),) = self.store.split(_int64([row]))
        aliases = self.store.aliases(number)
        rows = numbers_of(aliases.column("row"))[: len(aliases)]
        start, stop = (int(np.searchsorted(rows, local, side)) for side in ("left", "right"))
        first = self.store.passages(number).column("id")[int(local)].as_py()
        return [first, *aliases.column("id").slice(start, stop - start).to_pylist()]

    def rows_of_ids(self, ids: Sequence[str]) -> Int64:
        """int64 [len(ids)]: the row each id names, PADDING for an unknown id."""

        def named(passage: Passage, row: int, id: str) -> bool:
            return passage.id == id or id in self.ids(row)

        return self._look_up(ids, keys.hashes(ids), (0,), named)

    def rows_of_texts(self, texts: Sequence[str]) -> Int64:
        """int64 [len(texts)]: the lowest row whose text equals, with its title or without, presentation
        aside; else PADDING."""

        def equal(passage: Passage, row: int, text: str) -> bool:
            ours = (passage.text, passage.encoded)
            return text in ours or fold(text) in map(fold, ours)

        return self._look_up(texts, keys.shown(texts), (1, 2), equal)

    def vectors(self, rows: Rows) -> Half:
        """fp16 unit rows [..., dim] for rows [...]. Raises IndexError for PADDING."""
        wanted = _int64(rows)
        return self.store.take(wanted.ravel()).reshape(*wanted.shape, self.dim)

    def search(self, queries: Half, k: int, *, max_memory: int = MAX_MEMORY) -> Candidates:
        """The k passages of highest cosine for each query, exact, ties by row: [Q, k].

        The result is the same, bit for bit, for any number of threads, any `max_memory` (bytes, kept to
        roughly, beside the result itself), any shard size. Large blocks of queries are fastest.
        """
        near = search(self.store, self._checked(queries), k, max_memory)
        return Candidates(near.rows, near.scores.astype(np.float32))

    def spread(self, vectors: Half) -> Float32:
        """float32 [N, 2]: mean and standard deviation of each vector's cosines to all passages."""
        return stats.spread(self._statistics, self._checked(vectors))

    def geometry(self) -> tuple[Float64, Float64]:
        """Mean float64 [dim] and covariance float64 [dim, dim] of all passages' vectors."""
        return np.array(self._statistics[0]), np.array(self._statistics[1:])

    def embed_queries(self, texts: Sequence[str], encoder: Encoder) -> Half:
        """fp16 unit rows [len(texts), dim]; what was embed before comes out of the index's cache."""
        return self._embed(texts, encoder, "queries", encoder.encode_queries)

    def embed_passages(self, texts: Sequence[str], encoder: Encoder) -> Half:
        """As embed_queries, for passages that are not in the index."""
        return self._embed(texts, encoder, "passages", encoder.encode_passages)

    def unencoded(
        self, queries: Sequence[str], passages: Sequence[str], encoder: Encoder
    ) -> list[SidedTexts]:
        """Which of these texts the encoder would have to work for."""
        key = encoder_key(encoder)
        caches = {role: VectorCache(self.path, role, key, self.dim) for role in ("queries", "passages")}
        return [
            ("query", caches["queries"].missing(queries)),
            ("passage", caches["passages"].missing(passages)),
        ]

    def lazy_encoder(self, soon: Sequence[str] = ()) -> LazyEncoder:
        """The encoder that the index was built with, loaded and checked when a text is to be encoded; it gets ready
        at once if any of the queries `soon` was never encoded."""
        found = LazyEncoder(self.fingerprint, self.check_encoder)
        if any(texts for _, texts in self.unencoded(soon, (), found)):
            found.warm_up()
        return found

    def encoder(self) -> Encoder:
        """The encoder that the index was built with. Raises ModelError if it cannot be had, IndexMismatch
        if it is not what it was.
        """
        from miner.encoders.load import resolve_again

        encoder = resolve_again(self.fingerprint)
        self.check_encoder(encoder)
        return encoder

    def check_encoder(self, encoder: Encoder) -> None:
        """Raises IndexMismatch unless the encoder is the one the index was built with. Under other versions
        of its libraries it is that if it still gives the vectors of a few of the passages.
        """
        given = plain(encoder.fingerprint)
        if given == self.fingerprint:
            return
        if not (differ_by_versions(self.fingerprint, given) and self._gives_our_vectors(encoder)):
            check_fingerprint(self.place, self.fingerprint, given)

    def _gives_our_vectors(self, encoder: Encoder) -> bool:
        rows = np.unique(np.linspace(0, len(self) - 1, PROBED, dtype=np.int64))
        vectors = encoder.encode_passages([passage.encoded for passage in self.passages(rows)])
        return bool((np.sum(vectors * self.vectors(rows), axis=1) > AGREES).all())

    def _embed(
        self, texts: Sequence[str], encoder: Encoder, role: str, encode: Callable[[Sequence[str]], Float32]
    ) -> Half:
        self.check_encoder(encoder)

        def fresh(texts: Sequence[str]) -> Half:
            return (
                unit_rows(encode(texts), len(texts), self.dim)
                if texts
                else np.empty((0, self.dim), np.float16)
            )

        cache = VectorCache(self.path, role, encoder_key(encoder), self.dim)
        cached = self.caching and getattr(encoder, "caching", True)
        return cache.vectors(texts, fresh) if cached else fresh(texts)

    def _checked(self, vectors: Half) -> Half:
        if vectors.dtype != np.float16 or vectors.ndim != 2 or vectors.shape[1] != self.dim:
            found = f"{vectors.dtype} {list(vectors.shape)}"
            raise ConfigError(f"vectors are {found}; expected float16 [N, {self.dim}]")
        return vectors

    def _look_up(
        self,
        wanted: Sequence[str],
        hashes: keys.Hashes,
        tables: Sequence[int],
        equal: Callable[[Passage, int, str], bool],
    ) -> Int64:
        out = np.full(len(wanted), PADDING, np.int64)
        for number, shard in enumerate(self.manifest.shards if len(wanted) else ()):
            split = keys.split(self.store.keys(number), shard.rows)
            pairs = np.concatenate([np.stack(keys.find(split[table], hashes)) for table in tables], axis=1)
            pairs = pairs[:, out[pairs[0]] == PADDING]
            pairs = pairs[:, np.argsort(pairs[1], kind="stable")]
            rows = pairs[1] + self.store.starts[number]
            for position, row, passage in zip(pairs[0], rows.tolist(), self.passages(rows), strict=True):
                if out[position] == PADDING and equal(passage, row, wanted[position]):
                    out[position] = row
        return out


def open_index(path: str | Path) -> Index:
    """Open an index: a folder, or a URI such as s3://bucket/folder, whose files are fetched when they are needed.

    Sizes, headers and the manifest are checked; 'miner verify' checks every byte. Raises IndexNotFound,
    IndexMismatch for another format version, IndexCorrupt naming the file; for a URI ConfigError and StoreFailed.
    """
    return open_place(place_of(path))


def open_place(place: Place) -> Index:
    """As open_index."""
    if isinstance(place, Mirror):
        place.make()
    reading = Reading(place.folder)
    manifest = read_manifest(place)
    index = Index(place, manifest, reading)
    if not isinstance(place, Mirror):
        for file in manifest.files:
            check_size(place.folder / file.file, file.size)
        for number in range(len(manifest.shards)):
            index.store.check(number)
    return index


def reopen(place: Place, digest: str) -> Index:
    """The index of a place if its manifest still has this SHA-256. Raises IndexMismatch."""
    index = open_place(place)
    if index.manifest.sha256 != digest:
        raise IndexMismatch(f"{place}: was changed by another process since this run began; run it again")
    return index


def _int64(rows: Rows) -> Int64:
    return np.asarray(rows, np.int64)
