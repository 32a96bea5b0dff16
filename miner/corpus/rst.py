"""reStructuredText: a section under each heading, which is a line with a line of marks under it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from miner.corpus.chunk import Section
from miner.corpus.notes import Notes
from miner.corpus.trails import Heading, sections

_HEADING = re.compile(
    r"^(?:(?P<over>([^\w\s])\2{2,})[ \t]*\r?\n)?(?P<name>(?! {4})\S?[^\r\n]*\S)[ \t]*\r?\n"
    r"(?P<under>([!-/:-@\[-`{-~])\5{1,})[ \t]*(?:\r?\n|\Z)",
    re.MULTILINE,
)
_LABELS = re.compile(r"(?:^\.\.[ ]_[^\n]*:[^\n]*\n|^\s*\n)+\Z", re.MULTILINE)
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_ROLE = re.compile(r":[\w:+.-]+:`([^`<]*)(?:<[^`>]*>)?`|[*`]+([^*`]+)[*`]+_*")
LABELS = 2000
"""Characters before a heading in which its labels are looked for."""


def outline(text: str, path: Path, notes: Notes) -> list[Section]:
    """The text before the first heading, and that under each heading down to the next one.

    Kinds of marks rank in the order in which they first come. Labels before a heading belong to no section.
    """
    headings = list(_headings(text))
    ends = [_before(text, heading.start) for heading in headings]
    cuts = (tuple(match.end() for match in _BLANK_LINE.finditer(text)),)
    return sections(headings, "", (0, len(text)), cuts, ends)


def _headings(text: str) -> Iterator[Heading]:
    levels: list[tuple[str, bool]] = []
    for found in _HEADING.finditer(text):
        name, over, under = found["name"].strip(), found["over"], found["under"]
        if len(under) < len(name) * 0.6 or (over and over[0] != under[0]) or name[0] * len(name) == name:
            continue
        kind = (under[0], bool(over))
        if kind not in levels:
            levels.append(kind)
        plain = _ROLE.sub(lambda role: (role[1] or role[2] or "").strip(), name)
        yield Heading(levels.index(kind) + 1, plain, found.start(), found.end())


def _before(text: str, heading: int) -> int:
    start = max(0, heading - LABELS)
    labels = _LABELS.search(text[start:heading])
    return start + labels.start() if labels else heading
