"""Building an index: read, encode, sum up, seal.

All files are named by what they were made from, so that continuing a stopped build and updating an
index are the same thing as building: what is there already is not made again. The manifest is
written last; until then the folder holds the index that it held before.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from miner.corpus.notes import Notes
from miner.data import Half, Passage
from miner.encoders import Encoder
from miner.encoders.agreement import SAMPLE, agreement, reference
from miner.encoders.base import warm_up
from miner.encoders.endpoint import SidedTexts, announce
from miner.errors import ConfigError, IndexCorrupt, IndexMismatch, IndexNotFound, MinerError, OutputError
from miner.executors import Executor, Serial, TaskQueue, opened
from miner.index.encode import Encoding, encoder_key, known_in, tokens_of, unit_rows, vector_stem
from miner.index.fingerprint import check_fingerprint
from miner.index.index import Index, open_place
from miner.index.ingest import PASSAGES, Corpus, encoded_texts, ingest
from miner.index.legible import warn_of_unread
from miner.index.manifest import FILE, NAME, Manifest, Shard, encoder_of_former, plain, read_manifest
from miner.index.shards import Shards
from miner.index.survey import survey
from miner.index.vector_cache import VectorCache
from miner.progress import Clock
from miner.storage import sealed
from miner.storage.cachedir import cache_folder
from miner.storage.locks import BUILDER, READERS, building, nobody_reading
from miner.storage.mirror import place_of
from miner.storage.place import Place
from miner.storage.sealed import Sealed
from miner.vectors.moments import Sums

SHARD_SIZE = 16384
SEED = 0
SPARE = 2**24
"""Bytes kept free on the disk beside the vectors."""
FOLDERS = ("passages", "aliases", "keys", "vectors", "cache", "ann")
RECORD = "build.json"
DERIVED = re.compile(r"(cache|ann)/\w+-(?P<key>[0-9a-f]{16})-[0-9a-f]{16}\.(npy|faiss)", re.ASCII)
TEMPORARY = re.compile(r"\..+\.tmp")

Existing = Literal["keep", "update", "replace"]
"""What may happen to an index that is there: nothing, unless it is of this corpus and encoder; a change
of its corpus; a change of its encoder too."""


def build(
    passages: Iterable[Passage],
    out: str | Path,
    encoder: Encoder,
    *,
    shard_size: int = SHARD_SIZE,
    existing: Existing = "keep",
    executor: Executor | None = None,
    notes: Notes | None = None,
    clock: Clock | None = None,
) -> Index:
    """Encode passages into an index, in a folder or at a URI, and open it.

    A build that was stopped continues: shards that are there and whole are not encoded again. With
    `existing='update'` an index of another corpus, or of the format before, becomes one of this corpus, and only
    texts that it does not hold are encoded; the result equals a fresh build, byte for byte, whoever the `executor` is.

    What a corpus must not hold is noted, if there are `notes`; else it is raised as an InputError. Raises ConfigError
    for an empty one or for a folder with other things in it, IndexMismatch for an index that `existing` protects,
    Locked, OutputError, StoreFailed, WorkLost.
    """
    clock, executor = clock or Clock(), opened(executor)
    if not isinstance(shard_size, int) or shard_size < 1:
        raise ConfigError(f"the shard size is {shard_size!r}; expected a whole number of 1 or more")
    if existing not in get_args(Existing):
        raise ConfigError(f"existing is {existing!r}; expected one of {', '.join(get_args(Existing))}")
    place = place_of(out)
    _check_folder(place.folder)
    with building(place.folder):
        held, before = _held(place), _before(place, encoder, existing)
        if before is None and isinstance(executor, Serial):
            warm_up(encoder)
        try:
            notes = Notes(strict=True) if notes is None else notes
            corpus = ingest(passages, place, shard_size, clock, notes)
        except MinerError:
            _forget(place.folder)
            raise
        if before and before.corpus != corpus.fingerprint and existing == "keep":
            raise IndexMismatch(
                f"{out}: is an index of another corpus; change it with --update, or name another"
            )
        warn_of_unread(place, corpus, encoder, notes)
        vectors = _encode(place, corpus, encoder, executor, clock)
        shards = tuple(
            Shard(part.rows, part.ids, part.passages, part.aliases, part.keys, vector)
            for part, vector in zip(corpus.parts, vectors, strict=True)
        )
        with clock.stage("sum up", corpus.counts.passages, "passages"):
            statistics = _statistics(place, shards, encoder.dim)
            frequencies, shapes = _survey(place, shards)
        manifest = Manifest(
            encoder=plain(encoder.fingerprint),
            corpus=corpus.fingerprint,
            dim=encoder.dim,
            counts=corpus.counts,
            shards=shards,
            statistics=statistics,
            frequencies=frequencies,
            shapes=shapes,
            agreement=_agreement(Shards(place, shards, encoder.dim), corpus.counts.passages, encoder, clock),
        )
        manifest.write(place, held)
        _sweep(place, manifest, before, encoder_key(encoder))
        return open_place(place)


def _check_folder(out: Path) -> None:
    """Refuse to build among files that are not an index's."""
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out}: is a file; expected a folder")
    known = {*FOLDERS, NAME, BUILDER, READERS, RECORD}
    for path in sorted(out.iterdir()) if out.exists() else ():
        if path.name not in known and not FILE.fullmatch(path.name) and not TEMPORARY.fullmatch(path.name):
            raise ConfigError(f"{out}: holds {path.name!r}; expected a new folder, an empty one or an index")


def _held(place: Place) -> bytes | None:
    """The manifest that is there, whatever it says."""
    with suppress(OSError):
        return place.load(NAME)
    return None


def _before(place: Place, encoder: Encoder, existing: Existing) -> Manifest | None:
    """The manifest of the index that is there. Raises what protects it."""
    try:
        manifest = read_manifest(place)
        if existing != "replace":
            check_fingerprint(place, plain(manifest.encoder), plain(encoder.fingerprint))
        return manifest
    except IndexNotFound:
        return None
    except (IndexCorrupt, IndexMismatch) as error:
        if existing == "replace":
            return None
        if existing == "update" and (former := encoder_of_former(place)) is not None:
            check_fingerprint(place, plain(former), plain(encoder.fingerprint))
            return None
        if encoder_of_former(place) is not None:
            raise
        raise type(error)(f"{error}; --overwrite builds it anew") from None


def _encode(place: Place, corpus: Corpus, encoder: Encoder, executor: Executor, clock: Clock) -> list[Sealed]:
    announce(encoder, _unencoded(place, corpus, encoder))
    _check_room(place.folder, corpus, encoder)
    done, texts = dict[int, Sealed](), 0
    with clock.stage("encode", corpus.counts.passages, "passages") as stage:
        known = known_in(place, encoder, corpus.parts)
        work = Encoding(place, encoder, known, partial(clock.advance, stage))
        for part, encoded in executor.run(work, TaskQueue(corpus.parts)):
            done[part.number] = encoded.vectors
            texts += encoded.texts
            clock.advance(stage, texts - stage.items, encoded.tokens)
            clock.progress.advance(part.rows - encoded.texts)
    return [done[part.number] for part in corpus.parts]


def _unencoded(place: Place, corpus: Corpus, encoder: Encoder) -> Iterator[SidedTexts]:
    """The texts of each shard whose vectors are not there."""
    key = encoder_key(encoder)
    for part in corpus.parts:
        if not place.whole(vector_stem(part.number, part.passages.sha256, key), ".npy"):
            table = sealed.open_table(place.check(part.passages), PASSAGES, part.rows)
            yield "passage", encoded_texts(table)


def _check_room(out: Path, corpus: Corpus, encoder: Encoder) -> None:
    key = encoder_key(encoder)
    stems = ((part, vector_stem(part.number, part.passages.sha256, key)) for part in corpus.parts)
    rows = sum(part.rows for part, stem in stems if not sealed.named(out, stem, ".npy"))
    needed, free = 2 * rows * encoder.dim + SPARE, shutil.disk_usage(out).free
    if needed > free:
        raise OutputError(
            f"{out}: the vectors need {needed / 2**30:.2f} GiB, the disk has {free / 2**30:.2f} GiB left"
        )


def _statistics(place: Place, shards: Iterable[Shard], dim: int) -> Sealed:
    sums = Sums.zero(dim)
    for shard in shards:
        sums.add(sealed.open_array(place.path(shard.vectors), np.float16, (shard.rows, dim)))
    return place.seal("statistics", ".npy", sealed.array_bytes(sums.statistics()))


def _survey(place: Place, shards: Sequence[Shard]) -> tuple[Sealed, str]:
    """Over the passages, shard by shard."""
    batches = (sealed.open_table(place.path(shard.passages), PASSAGES, shard.rows) for shard in shards)
    size = sum(shard.passages.size for shard in shards)
    try:
        frequencies, shapes = survey(batches, size, place.folder)
    except OSError as error:
        raise OutputError(f"{place.folder}: cannot be written ({error.strerror})") from None
    return place.seal("frequencies", ".npy", sealed.array_bytes(frequencies.array())), shapes


def _agreement(store: Shards, passages: int, encoder: Encoder, clock: Clock) -> dict[str, Any]:
    """How far a coarse encoder agrees with fp32 over a sample of the passages, the same for the same corpus. What
    fp32 made of a text is kept for all indexes of this user."""
    exact = reference(encoder)
    if exact is None:
        return {}
    with clock.stage("compare with fp32", SAMPLE, "passages") as stage:
        rows = np.sort(np.random.default_rng(SEED).choice(passages, min(SAMPLE, passages), replace=False))
        texts = [
            text
            for number, _, local in store.split(rows)
            for text in encoded_texts(store.passages(number), local)
        ]
        known = VectorCache(cache_folder() / "exact", "passages", encoder_key(exact), exact.dim)
        fine = known.vectors(texts, partial(_exactly, exact))
        clock.advance(stage, len(texts), tokens_of(exact))
    return agreement(store.take(rows).astype(np.float32), fine.astype(np.float32))


def _exactly(exact: Encoder, texts: Sequence[str]) -> Half:
    return unit_rows(exact.encode_passages(texts), len(texts), exact.dim)


def _sweep(place: Place, manifest: Manifest, before: Manifest | None, encoder: str) -> None:
    """Delete what the index does not need any more, unless somebody still reads what was there before."""
    kept, out = {file.file for file in manifest.files}, place.folder
    place.tidy(kept | {file.file for file in (before.files if before else ())}, FILE)
    keys = {encoder[: sealed.DIGITS], manifest.vectors_key, *(shard.vectors_key for shard in manifest.shards)}
    with nobody_reading(out) as alone:
        for path in sorted(out.rglob("*")) if alone else ():
            name = path.relative_to(out).as_posix()
            derived = DERIVED.fullmatch(name)
            stale = derived and derived["key"] not in keys
            if stale or TEMPORARY.fullmatch(path.name) or (FILE.fullmatch(name) and name not in kept):
                path.unlink(missing_ok=True)


def _forget(out: Path) -> None:
    """Undo a build that found its corpus faulty, unless there is something in the folder worth keeping."""
    if (out / NAME).exists() or any((out / "vectors").glob("*")):
        return
    for path in sorted(out.rglob("*"), reverse=True):
        name = path.relative_to(out).as_posix()
        if path.is_dir():
            with suppress(OSError):
                path.rmdir()
        elif FILE.fullmatch(name) or name in (BUILDER, READERS):
            path.unlink(missing_ok=True)
    with suppress(OSError):
        out.rmdir()
