"""Markdown: a section under each heading, its blocks as the places to cut at."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from miner.corpus.chunk import Section
from miner.corpus.frontmatter import split_front_matter
from miner.corpus.notes import Notes
from miner.corpus.trails import Heading, sections
from miner.corpus.visible import before_heading
from miner.errors import InputError

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

LONG_HEADING = 500
TANGLED = 40
"""Marks in a heading from which it is taken as it stands: reading them takes the square of their number."""
LONG_PARAGRAPH = 1000
"""Lines from which a paragraph is not searched for link definitions: that takes the square of its length."""
MOST_MARKS = 300_000
"""Marks of blocks in a document. Each costs some 3 KB and up to 0.1 ms while the document is read."""
_MARK = re.compile(r"[\n\r|>]|[-+*][ \t]|\d[.)][ \t]")
_TANGLE = re.compile(r"[\[\]!*_`<&]")
_LINE_END = re.compile(r"\r\n?|\n")


def outline(text: str, path: Path, notes: Notes) -> list[Section]:
    """The text before the first heading, and that under each heading down to the next one.

    A section's title is the path of headings above it, after the title of the front matter; the heading
    itself is not part of the section's text. A document whose front matter gives no title has that of
    its first heading before that heading. Anchors and comments before a heading belong to no section: nobody sees
    them. Raises InputError for more than MOST_MARKS lines, cells of tables
    and marks of lists and quotes: what they cost is bounded.
    """
    title, body = split_front_matter(text, path, notes)
    if sum(1 for _ in itertools.islice(_MARK.finditer(text), MOST_MARKS + 1)) > MOST_MARKS:
        said = f"has more than {MOST_MARKS:,} lines, cells and list marks; split it, or name it .txt"
        raise InputError(path, None, said)
    tokens = _parser(inline=False).parse(text[body:])
    starts = [body, *(body + match.end() for match in _LINE_END.finditer(text[body:])), len(text)]
    cuts = _cuts(tokens, starts)
    headings = list(_headings(tokens, starts))
    ends = [before_heading(text, heading.start) for heading in headings]
    return sections(headings, title, (body, len(text)), cuts, ends)


def _headings(tokens: Sequence[Token], starts: Sequence[int]) -> Iterator[Heading]:
    for token, inline in itertools.pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            first, last = token.map
            yield Heading(int(token.tag[1]), _plain(inline.content), starts[first], _place(starts, last))


def _cuts(tokens: Sequence[Token], starts: Sequence[int]) -> tuple[list[int], ...]:
    """Where blocks start, by how deep they are nested, and last the lines that are not inside a paragraph."""
    levels: dict[int, set[int]] = {}
    lines = set(range(len(starts)))
    for token in tokens:
        if token.map is None or token.nesting < 0 or token.type == "inline":
            continue
        levels.setdefault(token.level, set()).add(token.map[0])
        if token.type == "paragraph_open":
            lines.difference_update(range(token.map[0] + 1, token.map[1]))
    blocks = [levels[level] for level in sorted(levels)]
    return tuple([_place(starts, line) for line in sorted(level)] for level in [*blocks, lines])


def _place(starts: Sequence[int], line: int) -> int:
    return starts[min(line, len(starts) - 1)]


def _plain(heading: str) -> str:
    """A heading's text without its markup."""
    if len(heading) > LONG_HEADING or len(_TANGLE.findall(heading)) > TANGLED:
        return " ".join(heading[:LONG_HEADING].split())
    tokens = _parser(inline=True).parseInline(heading)[0].children or []
    return " ".join("".join(token.content or " " * (token.type == "softbreak") for token in tokens).split())


@cache
def _parser(inline: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    if inline:
        return parser
    parser.block.ruler.at("reference", _reference)
    return parser.disable("inline")


def _reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """markdown-it's rule for link definitions, where the paragraph is not LONG_PARAGRAPH."""
    from markdown_it.rules_block import reference

    if state.src[state.bMarks[start] + state.tShift[start]] != "[":
        return False
    last = start + LONG_PARAGRAPH
    if last < state.lineMax and not any(map(state.isEmpty, range(start, last))):
        return False
    return reference(state, start, end, silent)
