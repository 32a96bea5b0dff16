"""Files to passages.

Every kind of file is a line of READERS: suffix -> reader. Each of the text ones may also end in
.gz or .zst. Whatever is wrong is an InputError that names the file and the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from miner.corpus import markdown, plain
from miner.corpus.chunk import MAX_TOKENS, Chunker, estimate
from miner.corpus.documents import document_reader
from miner.corpus.records import RECORDS, record_reader
from miner.corpus.walk import corpus_files
from miner.data import CountTokens, Passage
from miner.errors import ConfigError

Reader = Callable[[Path, str, Chunker], Iterator[Passage]]

READERS: dict[str, Reader] = {
    **{suffix: record_reader(read) for suffix, read in RECORDS.items()},
    ".md": document_reader(markdown.outline),
    ".markdown": document_reader(markdown.outline),
    ".txt": document_reader(plain.outline),
}


class Cleans(Protocol):
    """What cleans a text, such as miner.clean.Cleaner."""

    def clean(self, text: str) -> str: ...


def read_corpus(
    path: Path | str,
    *,
    max_tokens: int = MAX_TOKENS,
    count_tokens: CountTokens | None = None,
    clean: Cleans | None = None,
    follow_symlinks: bool = False,
) -> Iterator[Passage]:
    """The passages of a file or of a folder with all its folders, files in byte order of their paths.

    A folder that holds `corpus.jsonl` beside `queries.jsonl` or qrels (BEIR) gives the corpus only.
    Hidden files and suffixes not in READERS are passed over; a link that leads out of the corpus is
    refused unless `follow_symlinks`. Documents (.md, .txt) are split into passages of up to `max_tokens`,
    title included, as `count_tokens` counts them (default: a quarter of the UTF-8 bytes); their ids are
    the path in the corpus, then path#2, path#3, ... Records without an id are named 'path:line'. `clean`
    is applied to title and text of each passage; offsets are those of the file. Blank passages are
    given out like others. Memory does not grow with the corpus.

    Raises ConfigError for a path that cannot be read or holds nothing to read, InputError for what a
    file holds.
    """
    root = Path(path)
    if not root.exists():
        raise ConfigError(f"{root}: no such file or folder")
    chunker = Chunker(max_tokens, count_tokens or estimate)
    passages = _read(root, chunker, follow_symlinks)
    return passages if clean is None else (cleaned(passage, clean) for passage in passages)


def _read(root: Path, chunker: Chunker, follow_symlinks: bool) -> Iterator[Passage]:
    empty = True
    for file, suffix, source in corpus_files(root, READERS, follow_symlinks):
        empty = False
        yield from READERS[suffix](file, source, chunker)
    if empty:
        raise ConfigError(f"{root}: nothing to read; expected files that end in {', '.join(READERS)}")


def cleaned(passage: Passage, clean: Cleans) -> Passage:
    return replace(passage, title=clean.clean(passage.title), text=clean.clean(passage.text))
