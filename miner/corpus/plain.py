"""Plain text: one section, cut at blank lines."""

from __future__ import annotations

import re
from pathlib import Path

from miner.corpus.chunk import Section
from miner.corpus.frontmatter import split_front_matter
from miner.corpus.notes import Notes

_BLANK_LINE = re.compile(r"(?:\r\n?|\n)[^\S\r\n]*(?:\r\n?|\n)\s*")


def outline(text: str, path: Path, notes: Notes) -> list[Section]:
    title, start = split_front_matter(text, path, notes)
    paragraphs = tuple(match.end() for match in _BLANK_LINE.finditer(text, start))
    return [Section(title, start, len(text), (paragraphs,))]
