"""`build_index`: from a corpus, wherever it is, to an index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miner.corpus import read_corpus
from miner.corpus.objects import passages_in
from miner.corpus.options import ReadOptions
from miner.data import CountTokens, Passage
from miner.encoders import Encoder
from miner.encoders.load import BACKENDS, load_encoder
from miner.encoders.vectors import GivenVectors
from miner.errors import ConfigError, MinerError
from miner.executors import Executor
from miner.index.build import SHARD_SIZE, Existing, build
from miner.index.index import Index
from miner.index.manifest import read_manifest
from miner.progress import Clock, clock_of
from miner.storage.mirror import place_of
from miner.storage.paths import as_path

if TYPE_CHECKING:
    from miner.cleaning import Cleaner


def build_index(
    corpus: Any,
    out: str | Path | None = None,
    encoder: Any = None,
    *,
    vectors: Any = None,
    columns: Mapping[str, str] | None = None,
    options: ReadOptions | None = None,
    clean: Cleaner | str | None = None,
    shard_size: int = SHARD_SIZE,
    existing: Existing = "keep",
    executor: Executor | None = None,
    progress: bool = True,
    clock: Clock | None = None,
) -> Index:
    """Encode a corpus into an index, in a folder or at a URI such as s3://bucket/folder, and open it.

    `corpus` is a path that read_corpus takes, or passages: Passage objects, dicts or texts, a Dataset, a frame of
    pandas or polars, an Arrow table; `columns` names theirs where miner does not know the names, as
    {'text': 'body'}. `out` is indexes/NAME by default, after the corpus's file or folder. The encoder is anything
    that load_encoder takes; by default the bundled all-MiniLM-L6-v2. Texts read from files are cleaned first by a
    Cleaner, or one spelt as 'html,urls'; `options` tell how files are read and gather what is passed over.

    `vectors` are those of the passages, in their order, where they were made before: an array, a .npy file, an
    Arrow column or 'FILE.parquet:COLUMN' (see miner.encoders.vectors). With an encoder they must be its own; without
    one, queries need vectors too.

    A build that was stopped continues: shards that are there and whole are not encoded again. With
    `existing='update'` an index of another corpus becomes one of this corpus, and only texts that it does not
    hold are encoded; the result equals a fresh build, byte for byte, whoever the `executor` is. 'replace' takes
    the place of an index of another encoder too. Progress is shown in terminals and notebooks.

    Raises InputError for what a corpus must not hold, ConfigError for an empty one or for a folder with other
    things in it, IndexMismatch for an index that `existing` protects, Locked, OutputError, StoreFailed, WorkLost.
    """
    clock = clock_of(clock, progress)
    if not isinstance(out, str | Path | None):
        raise ConfigError(f"the index is to be in {out!r}; expected a folder or a URI")
    if isinstance(corpus, str | Path):
        corpus, options = as_path(corpus, "the corpus"), options or ReadOptions()
        out = default_out(corpus) if out is None else out
    elif out is None:
        raise ConfigError("passages have no name to call an index by; name a folder for it")
    elif clean is not None:
        raise ConfigError("only texts read from files are cleaned; clean the passages before they are given")
    runtime = {} if existing == "replace" else runtime_of(out)
    made = _encoder(encoder, vectors, runtime, clock)
    passages = _passages(corpus, columns, clean, made.count_tokens, options)
    if isinstance(made, GivenVectors):
        passages = _with_vectors(passages, made)
    return build(
        passages,
        out,
        made,
        shard_size=shard_size,
        existing=existing,
        executor=executor,
        notes=options.notes if options else None,
        clock=clock,
    )


def _encoder(encoder: Any, vectors: Any, runtime: Mapping[str, Any], clock: Clock) -> Encoder:
    if vectors is not None:
        return GivenVectors(vectors, None if encoder is None else load_encoder(encoder))
    if not isinstance(encoder, str | Path | None):
        return load_encoder(encoder)
    with clock.stage("load the encoder"):
        return load_encoder(encoder, **runtime)


def _passages(
    corpus: Any,
    columns: Mapping[str, str] | None,
    clean: Cleaner | str | None,
    count: CountTokens,
    options: ReadOptions | None,
) -> Iterator[Passage]:
    if not isinstance(corpus, str | Path):
        return passages_in(corpus, columns)
    if columns:
        raise ConfigError("columns are named for passages that are objects; this corpus is a path")
    if isinstance(clean, str):
        from miner.cleaning import Cleaner

        clean = Cleaner.parse(clean)
    return read_corpus(Path(corpus), count_tokens=count, clean=clean, options=options)


def _with_vectors(passages: Iterator[Passage], given: GivenVectors) -> Iterator[Passage]:
    """The passages; when all were read their vectors are looked at."""
    yield from given.claim(passages, lambda passage: passage.encoded)
    if given.encoder is not None:
        given.check(given.encoder.encode_passages)


def default_out(corpus: Path) -> Path:
    """indexes/<name of the corpus>, without the endings of a file."""
    name = corpus.resolve().name
    return Path("indexes") / (name.partition(".")[0] or name if corpus.is_file() else name)


def runtime_of(out: str | Path) -> dict[str, Any]:
    """The backend and the dtype by which the index that is there was encoded, which it goes on with; empty if
    there is none."""
    try:
        known = read_manifest(place_of(out)).encoder
    except MinerError:
        return {}
    return (
        {name: known.get(name) for name in ("backend", "dtype")} if known.get("backend") in BACKENDS else {}
    )
