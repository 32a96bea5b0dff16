"""`build_index`: from a corpus, wherever it is, to an index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from miner.cleaning import Cleaner
from miner.corpus import read_corpus
from miner.data import Passage
from miner.encoders import Encoder
from miner.encoders.load import load_encoder
from miner.errors import ConfigError, InputError
from miner.executors import Executor
from miner.index.build import SHARD_SIZE, Existing, build
from miner.index.index import Index
from miner.progress import Clock

Corpus = str | Path | Iterable[Passage | Mapping[str, Any]]


def build_index(
    corpus: Corpus,
    out: str | Path | None = None,
    encoder: Encoder | str | None = None,
    *,
    clean: Cleaner | str | None = None,
    shard_size: int = SHARD_SIZE,
    existing: Existing = "keep",
    executor: Executor | None = None,
    clock: Clock | None = None,
) -> Index:
    """Encode a corpus into an index, in a folder or at a URI such as s3://bucket/folder, and open it.

    `corpus` is a path that read_corpus takes, or passages: Passage objects, or mappings with 'text' and perhaps
    'id' and 'title'. `out` is indexes/NAME by default, after the corpus's file or folder. The encoder is one that
    load_encoder gives, or a name for it; by default the bundled all-MiniLM-L6-v2. Texts read from files are cleaned
    first by a Cleaner, or one spelt as 'html,urls'.

    A build that was stopped continues: shards that are there and whole are not encoded again. With
    `existing='update'` an index of another corpus becomes one of this corpus, and only texts that it does not
    hold are encoded; the result equals a fresh build, byte for byte, whoever the `executor` is. 'replace' takes
    the place of an index of another encoder too.

    Raises InputError for what a corpus must not hold, ConfigError for an empty one or for a folder with other
    things in it, IndexMismatch for an index that `existing` protects, Locked, OutputError, StoreFailed, WorkLost.
    """
    clock = clock or Clock()
    encoder = load_encoder(encoder) if encoder is None or isinstance(encoder, str) else encoder
    if isinstance(corpus, (str, Path)):
        out = out or default_out(Path(corpus))
        cleaner = Cleaner.parse(clean) if isinstance(clean, str) else clean
        passages = read_corpus(Path(corpus), count_tokens=encoder.count_tokens, clean=cleaner)
    elif out is None:
        raise ConfigError("passages have no name to call an index by; name a folder for it")
    elif clean is not None:
        raise ConfigError("only texts read from files are cleaned; clean the passages before they are given")
    else:
        passages = _passages(corpus)
    return build(
        passages,
        out,
        encoder,
        shard_size=shard_size,
        existing=existing,
        executor=executor,
        clock=clock,
    )


def default_out(corpus: Path) -> Path:
    """indexes/<name of the corpus>, without the endings of a file."""
    name = corpus.resolve().name
    return Path("indexes") / (name.partition(".")[0] or name if corpus.is_file() else name)


def _passages(items: Iterable[Passage | Mapping[str, Any]]) -> Iterator[Passage]:
    for number, item in zip(count(1), items):
        if isinstance(item, Passage):
            yield item
            continue
        text, title = item.get("text"), item.get("title", "")
        if not isinstance(text, str) or not isinstance(title, str):
            raise InputError("passages", number, "has no 'text' that is a string, or a title that is none")
        yield Passage(str(item.get("id", item.get("_id", number))), text, title, "passages", number)
