"""Files to passages.

Every kind of file is a line of READERS: suffix -> reader. Each of the text ones may also end in .gz or .zst. What
can be used is used; what cannot is noted with file and line (see miner.corpus.notes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from miner.corpus import html, markdown, office, plain, rst
from miner.corpus.chunk import MAX_TOKENS, Chunker, estimate
from miner.corpus.documents import document_reader
from miner.corpus.notebook import notebook_text
from miner.corpus.notes import Notes
from miner.corpus.options import ReadOptions
from miner.corpus.records import RECORDS, record_reader
from miner.corpus.walk import corpus_files
from miner.data import CountTokens, Passage
from miner.errors import ConfigError, InputError, MinerError, Misread, MissingExtra
from miner.storage.paths import as_path

Reader = Callable[[Path, str, Chunker, ReadOptions], Iterator[Passage]]

MARKDOWN, PAGE = document_reader(markdown.outline), document_reader(html.outline, html.page_text)
READERS: dict[str, Reader] = {
    **{suffix: record_reader(read) for suffix, read in RECORDS.items()},
    **dict.fromkeys((".md", ".markdown", ".mdx"), MARKDOWN),
    ".ipynb": document_reader(markdown.outline, notebook_text),
    ".rst": document_reader(rst.outline),
    ".txt": document_reader(plain.outline, seen=lambda text: True),
    **dict.fromkeys((".html", ".htm", ".xhtml"), PAGE),
    ".pdf": document_reader(plain.outline, office.extractor("PDF"), seen=lambda text: True),
    ".docx": document_reader(html.outline, office.extractor("Word")),
    ".pptx": document_reader(html.outline, office.extractor("PowerPoint")),
    ".epub": document_reader(html.outline, office.extractor("EPUB")),
}


class Cleans(Protocol):
    """What cleans a text, such as miner.cleaning.Cleaner."""

    def clean(self, text: str) -> str: ...


def read_corpus(
    path: Path | str,
    *,
    max_tokens: int = MAX_TOKENS,
    count_tokens: CountTokens | None = None,
    clean: Cleans | None = None,
    options: ReadOptions | None = None,
) -> Iterator[Passage]:
    """The passages of a file or of a folder with all its folders, files in byte order of their paths.

    A folder that holds a corpus beside queries or judgments (BEIR's, MS MARCO's) gives the corpus only. Hidden files,
    `node_modules` and the like are passed over. Documents are split into passages of up to `max_tokens`, title
    included, as `count_tokens` counts them (default: a quarter of the UTF-8 bytes); their ids are the path in the
    corpus, then path#2, path#3, ... Records without an id are named 'path:line'. `clean` is applied to title and
    text of each passage; offsets are those of the file. Blank passages are given out like others. Memory does not
    grow with the corpus.

    What cannot be used is noted in `options.notes`: a link out of the corpus, a file that cannot be read, a record
    without text. Raises ConfigError for a path that cannot be read or holds nothing to read, InputError where
    nothing usable is left or more than a tenth of a file's records cannot be parsed.
    """
    root = as_path(path, "the corpus")
    if not root.exists():
        raise ConfigError(f"{root}: no such file or folder")
    chunker = Chunker(max_tokens, count_tokens or estimate)
    passages = _read(root, chunker, options or ReadOptions())
    return passages if clean is None else (cleaned(passage, clean) for passage in passages)


def _read(root: Path, chunker: Chunker, options: ReadOptions) -> Iterator[Passage]:
    files = passages = 0
    for file, suffix, source in corpus_files(root, READERS, options):
        files += 1
        for passage in _of_file(READERS[suffix](file, source, chunker, options), file, root, options):
            passages += 1
            yield passage
    if not passages:
        raise _nothing(root, bool(files), options.notes)


def _nothing(root: Path, some: bool, notes: Notes) -> MinerError:
    """What is said where no passage was found, in some files or without any that could be read."""
    found = f"; found {notes.kinds}" if notes.unread else ""
    if notes.listed:
        return InputError(
            root, None, f"holds nothing that can be used: {notes.first}{found if root.is_dir() else ''}"
        )
    if some and not notes.unread:
        return InputError(root, None, "is empty; expected texts")
    return ConfigError(f"{root}: nothing to read; expected files that end in {', '.join(READERS)}{found}")


def _of_file(passages: Iterator[Passage], file: Path, root: Path, options: ReadOptions) -> Iterator[Passage]:
    """The passages of one file; in a folder, a file without any, one that cannot be read, or not further, is noted."""
    seen = False
    try:
        for passage in passages:
            seen = seen or bool(passage.encoded.strip())
            yield passage
    except MissingExtra as missing:
        if file == root:
            raise
        options.notes.left_unread(file, missing.line)
    except (InputError, ConfigError) as error:
        if file == root or options.notes.strict or isinstance(error, Misread):
            raise
        options.notes.left_out(file, error)
    else:
        if not seen and file != root:
            options.notes.left_unread(file, "no text")


def cleaned(passage: Passage, clean: Cleans) -> Passage:
    """The passage with title and text cleaned."""
    return replace(passage, title=clean.clean(passage.title), text=clean.clean(passage.text))
