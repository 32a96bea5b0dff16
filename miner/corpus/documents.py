"""Documents to passages: each passage is one slice of its document's text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from miner.corpus.chunk import Chunker, Section
from miner.corpus.notes import Notes
from miner.corpus.options import ReadOptions
from miner.corpus.visible import is_visible
from miner.data import Passage
from miner.storage.files import read_text

Outline = Callable[[str, Path, Notes], list[Section]]
Extract = Callable[[Path, ReadOptions], str]


def written_text(path: Path, options: ReadOptions) -> str:
    """The text of a file that is text."""
    return read_text(path, options.encoding)


def document_reader(
    outline: Outline, extract: Extract = written_text, seen: Callable[[str], bool] = is_visible
) -> Callable[[Path, str, Chunker, ReadOptions], Iterator[Passage]]:
    """A reader of passages out of what gives a document's text, and what finds the sections of it.

    The first passage has the document's path as id, the next ones path#2, path#3, ... A piece of which nothing is
    seen is no passage; a document without any is one blank passage, so that it is counted.
    """

    def passages(path: Path, source: str, chunker: Chunker, options: ReadOptions) -> Iterator[Passage]:
        text = extract(path, options)
        number = 0
        for section in outline(text, path, options.notes):
            for start, end in chunker.spans(text, section):
                if not seen(text[start:end]):
                    continue
                number += 1
                name = source if number == 1 else f"{source}#{number}"
                yield Passage(name, text[start:end], section.title, source, start)
        if not number:
            yield Passage(source, "", "", source, 0)

    return passages
