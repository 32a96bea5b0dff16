"""Passages of one document: chunks of a file, or rows whose ids share a stem before '#'."""

from __future__ import annotations

from enum import IntEnum

OVERLAP = 0.2
"""Share of the shorter passage's shingles from which on two passages of a document overlap."""


class Sibling(IntEnum):
    """How a candidate stands to the documents of its query's relevant passages."""

    NONE = 0
    SAME_DOCUMENT = 1
    OVERLAPPING = 2


def document(id: str) -> str:
    """The document a passage belongs to: 'guide.md#3' and 'guide.md' are of 'guide.md'."""
    stem, mark, number = id.rpartition("#")
    return stem if mark and number.isdigit() else id
