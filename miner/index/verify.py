"""Checking every byte of an index, and that its parts belong together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from miner.errors import IndexCorrupt
from miner.index.encode import key_of, vector_stem
from miner.index.index import Index
from miner.index.ingest import ALIASES, PASSAGES, encoded_texts, key_table
from miner.index.keys import of_texts
from miner.index.manifest import Manifest, Shard, default_index, read_manifest
from miner.index.survey import survey
from miner.progress import Clock, count_of
from miner.storage import sealed
from miner.storage.files import sha256
from miner.storage.mirror import place_of
from miner.storage.place import Place
from miner.storage.sealed import Sealed
from miner.vectors.moments import Sums


def verify(index: Index | str | Path | None = None, clock: Clock | None = None) -> list[str]:
    """All that is wrong with an index, one sentence a fault, each naming its file; empty if nothing is.

    Without an index it is the only one in indexes/. At a URI the files of a shard are copied from the store to be
    looked at. Raises IndexNotFound, IndexMismatch, or IndexCorrupt for a manifest that cannot be read; for a URI
    ConfigError and StoreFailed.
    """
    place = index.place if isinstance(index, Index) else place_of(default_index() if index is None else index)
    clock = clock or Clock()
    manifest, faults = read_manifest(place), list[str]()
    sums = Sums.zero(manifest.dim)
    with clock.stage("verify", len(manifest.files), "files") as stage:
        for number, shard in enumerate(manifest.shards):
            with place.copies(shard.files) as folder:
                found = list(_shard_faults(folder, manifest, number, shard))
                if not found:
                    sums.add(_vectors(folder, manifest, shard))
            faults += [fault.replace(str(folder), str(place)) for fault in found]
            clock.advance(stage, len(shard.files))
        faults += _survey_faults(place, manifest, faults)
        with place.copies([manifest.statistics]) as folder:
            found = _file_faults(folder, manifest.statistics)
            if not faults + found and sealed.array_bytes(sums.statistics()) != _read(
                folder, manifest.statistics
            ):
                found = [f"{folder / manifest.statistics.file}: does not belong to the vectors"]
        faults += [fault.replace(str(folder), str(place)) for fault in found]
        clock.advance(stage, 1)
    return faults


def _survey_faults(place: Place, manifest: Manifest, before: list[str]) -> list[str]:
    """Of what is kept of the passages as a whole; looked at closely only if nothing else is wrong."""
    with place.copies([manifest.frequencies]) as folder:
        found = _file_faults(folder, manifest.frequencies)
        if not before + found:
            batches = _batches(place, manifest)
            frequencies, shapes = survey(batches, sum(shard.passages.size for shard in manifest.shards))
            if sealed.array_bytes(frequencies.array()) != _read(folder, manifest.frequencies):
                found = [f"{folder / manifest.frequencies.file}: does not belong to the passages"]
            elif shapes != manifest.shapes:
                found = [
                    f"{place}: says that ids part documents by {manifest.shapes!r}; they do by {shapes!r}"
                ]
    return [fault.replace(str(folder), str(place)) for fault in found]


def _batches(place: Place, manifest: Manifest) -> Iterator[pa.RecordBatch]:
    for shard in manifest.shards:
        with place.copies([shard.passages]) as folder:
            yield sealed.open_table(folder / shard.passages.file, PASSAGES, shard.rows)


def _shard_faults(folder: Path, manifest: Manifest, number: int, shard: Shard) -> Iterator[str]:
    damaged = [fault for file in shard.files for fault in _file_faults(folder, file)]
    yield from damaged
    if damaged:
        return
    stem = vector_stem(number, shard.passages.sha256, key_of(manifest.encoder))
    if not shard.vectors.file.startswith(f"{stem}-"):
        yield f"{folder / shard.vectors.file}: was not made from {shard.passages.file} with this encoder"
    try:
        _vectors(folder, manifest, shard)
        batch = sealed.open_table(folder / shard.passages.file, PASSAGES, shard.rows)
        further = sealed.open_table(folder / shard.aliases.file, ALIASES, shard.ids - shard.rows)
        keys = sealed.open_array(folder / shard.keys.file, np.uint64, (2, shard.ids + 2 * shard.rows))
    except IndexCorrupt as error:
        yield str(error)
        return
    hashes = of_texts(encoded_texts(batch), batch.column("text").to_pylist())
    expected = key_table(batch, further.column("id").to_pylist(), further.column("row").to_pylist(), *hashes)
    if not np.array_equal(keys, expected):
        yield f"{folder / shard.keys.file}: does not lead to the passages of {shard.passages.file}"


def _file_faults(folder: Path, file: Sealed) -> list[str]:
    path = folder / file.file
    try:
        size = path.stat().st_size
        if size != file.size:
            return [f"{path}: has {count_of(size, 'byte')}; expected {file.size:,}"]
        if sha256(path) != file.sha256:
            return [f"{path}: was changed after it was sealed (its checksum does not fit)"]
    except OSError as error:
        return [f"{path}: cannot be read ({error.strerror})"]
    return []


def _vectors(folder: Path, manifest: Manifest, shard: Shard) -> sealed.Array:
    return sealed.open_array(folder / shard.vectors.file, np.float16, (shard.rows, manifest.dim))


def _read(folder: Path, file: Sealed) -> bytes:
    return (folder / file.file).read_bytes()
