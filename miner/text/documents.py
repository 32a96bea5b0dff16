"""Passages of one document: parts of a file, rows that name their document, and rows whose ids tell it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum

from miner.data import Passage
from miner.text.fold import folded

OVERLAP = 0.2
"""Share of the shorter passage's shingles from which on two passages of a document overlap."""
MARKS = "_-/:"
"""What may part a document from the number of its part; whether it does, a corpus shows as a whole."""
SHARE, PARTS, DIGITS = 0.5, 500, 6
"""Of the ids, how many must have the shape; the parts a document may have on average, and digits of their number."""


class Sibling(IntEnum):
    """How a candidate stands to the documents of its query's relevant passages."""

    NONE = 0
    SAME_DOCUMENT = 1
    OVERLAPPING = 2


def document(passage: Passage, shapes: str = "") -> str:
    """The document a passage belongs to: the one it names; else 'guide.md#3' and 'guide.md' are of 'guide.md', and
    so are 'guide.md_3' and its like for the marks `shapes`.
    """
    if passage.document:
        return passage.document
    for mark in ("#", *shapes):
        stem, number = _parted(passage.id, mark)
        if number >= 0:
            return stem
    return passage.id


def spans_overlap(a: Passage, b: Passage) -> bool:
    """Whether two passages are cut out of one file and share some of it."""
    if not a.source or a.source != b.source or not (a.id.startswith(a.source) and b.id.startswith(b.source)):
        return False
    return a.offset < b.offset + len(b.text) and b.offset < a.offset + len(a.text)


def share_text(a: Passage, b: Passage) -> bool:
    """Whether two passages of one document share text, by where they stand in it or by what they say."""
    return spans_overlap(a, b) or folded(a.text).share(folded(b.text)) >= OVERLAP


@dataclass
class IdShapes:
    """Which marks part documents from numbers in the ids of a corpus: documents begin again and again, and their
    parts are counted on from 0 or 1. `doc-17` and `doc-18` alone are two documents.
    """

    passages: int = 0
    begun: Counter[str] = field(default_factory=Counter)
    """Ids that begin a document."""
    fitting: Counter[str] = field(default_factory=Counter)
    """Those, and ids that go on with the document before."""
    _last: dict[str, tuple[str, int]] = field(default_factory=dict)

    def add(self, id: str) -> None:
        self.passages += 1
        for mark in MARKS:
            stem, number = _parted(id, mark)
            if number < 0:
                continue
            last = self._last.get(mark)
            begins = number <= 1 and (last is None or last[0] != stem)
            self.begun[mark] += begins
            self.fitting[mark] += begins or last == (stem, number - 1)
            self._last[mark] = (stem, number)

    def marks(self) -> str:
        found = (
            mark
            for mark in MARKS
            if self.begun[mark] > 1
            and SHARE * self.passages <= self.fitting[mark] <= PARTS * self.begun[mark]
        )
        return "".join(found)


def _parted(id: str, mark: str) -> tuple[str, int]:
    """The document and the number of its part, -1 if the id has not this shape."""
    stem, found, number = id.rpartition(mark)
    if not (found and stem and number.isascii() and number.isdecimal() and len(number) <= DIGITS):
        return id, -1
    return stem, int(number)
