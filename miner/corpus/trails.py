"""Headings of any kind of document to sections that are titled by the path of headings above them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from miner.corpus.chunk import Section

SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading over text[start:end]. `level` counts from 1, the highest."""

    level: int
    name: str
    start: int
    end: int


def trails(headings: Sequence[Heading], title: str) -> Iterator[list[str]]:
    """For each heading the title and the names of the headings above it, without a repeated title."""
    above: list[Heading] = []
    for heading in headings:
        above = [*(other for other in above if other.level < heading.level), heading]
        trail = [name for name in [title, *(other.name for other in above)] if name]
        yield [name for i, name in enumerate(trail) if i == 0 or name.casefold() != trail[i - 1].casefold()]


def sections(
    headings: Sequence[Heading],
    title: str,
    span: tuple[int, int],
    cuts: tuple[Sequence[int], ...] = (),
    ends: Sequence[int] | None = None,
) -> list[Section]:
    """The text before the first heading, and that under each down to the next one, within the span.

    `ends`: where the text before each heading ends, if not at the heading.
    """
    start, stop = span
    before = list(ends) if ends is not None else [heading.start for heading in headings]
    preface = title or (headings[0].name if headings else "")
    out = [Section(preface, start, max(start, before[0]) if headings else stop, cuts)]
    edges = [*before[1:], stop]
    for heading, trail, end in zip(headings, trails(headings, title), edges, strict=False):
        out.append(Section(SEPARATOR.join(trail), heading.end, max(heading.end, end), cuts))
    return out
