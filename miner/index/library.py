"""Calls that join rooms, for scripts and notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from miner.corpus import read_corpus
from miner.data import Passage
from miner.encoders import Encoder
from miner.encoders.load import load_encoder
from miner.errors import InputError
from miner.executors import Executor
from miner.index import Existing, Index
from miner.index import build_index as build
from miner.progress import Clock


def build_index(
    corpus: str | Path | Iterable[Passage | Mapping[str, Any]],
    out: str | Path,
    *,
    encoder: Encoder | None = None,
    update: bool = False,
    executor: Executor | None = None,
    clock: Clock | None = None,
) -> Index:
    """Encode a corpus into an index, in a folder or at a URI such as s3://bucket/folder, and open it.

    `corpus` is a path that read_corpus takes, or passages: Passage objects, or mappings with 'text' and
    perhaps 'id' and 'title'. Without an encoder the bundled all-MiniLM-L6-v2 is used. A build that was
    stopped continues; an index of another corpus is changed only with `update`, which encodes only what
    is new. An `executor` other than this process may encode. Raises InputError, IndexMismatch, OutputError,
    Locked, StoreFailed, WorkLost.
    """
    encoder = encoder or load_encoder()
    if isinstance(corpus, (str, Path)):
        passages = read_corpus(Path(corpus), count_tokens=encoder.count_tokens)
    else:
        passages = _passages(corpus)
    existing: Existing = "update" if update else "keep"
    return build(passages, out, encoder, existing=existing, executor=executor, clock=clock)


def _passages(items: Iterable[Passage | Mapping[str, Any]]) -> Iterator[Passage]:
    for number, item in zip(count(1), items):
        if isinstance(item, Passage):
            yield item
            continue
        text, title = item.get("text"), item.get("title", "")
        if not isinstance(text, str) or not isinstance(title, str):
            raise InputError("passages", number, "has no 'text' that is a string, or a title that is none")
        yield Passage(str(item.get("id", item.get("_id", number))), text, title, "passages", number)
