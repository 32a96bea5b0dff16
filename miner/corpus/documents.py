"""Documents (markdown, plain text) to passages: each passage is one slice of its document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from miner.corpus.chunk import Chunker, Section
from miner.data import Passage
from miner.storage.files import read_text

Outline = Callable[[str, Path], list[Section]]


def document_reader(outline: Outline) -> Callable[[Path, str, Chunker], Iterator[Passage]]:
    """A reader of passages out of what finds the sections of a document.

    The first passage has the document's path as id, the next ones path#2, path#3, ... A document
    without any text is one blank passage, so that it is counted.
    """

    def passages(path: Path, source: str, chunker: Chunker) -> Iterator[Passage]:
        text = read_text(path)
        number = 0
        for section in outline(text, path):
            for start, end in chunker.spans(text, section):
                number += 1
                name = source if number == 1 else f"{source}#{number}"
                yield Passage(name, text[start:end], section.title, source, start)
        if not number:
            yield Passage(source, "", "", source, 0)

    return passages
