"""Markdown: its marks, and its blocks of code. Parsed by markdown-it (CommonMark)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_MARKS = re.compile(r"[>#]+[ \t]?")
_BREAKS = ("softbreak", "hardbreak")


def code_fences(text: str) -> str:
    """Take out fenced blocks of code."""
    if "```" not in text and "~~~" not in text:
        return text
    lines: list[str | None] = [*_lines(text)]
    for token in _parser().parse(text):
        if token.type == "fence" and token.map:
            _delete(lines, *token.map)
    return _joined(lines)


def markdown(text: str) -> str:
    """Take out the marks of headings, emphasis, links, images, quotes, code spans and rules.

    Lists, tables and blocks of code keep theirs.
    """
    lines: list[str | None] = [*_lines(text)]
    above: Token | None = None
    for token in _parser().parse(text):
        if token.type == "hr" and token.map:
            _delete(lines, *token.map)
        elif token.type == "inline" and token.map and above is not None:
            _render(lines, token, above)
        above = token
    return _joined(lines)


def _render(lines: list[str | None], token: Token, above: Token) -> None:
    """Write the text of a paragraph or heading over its lines, between what stands before and after it."""
    first, last = token.map or (0, 0)
    heading = above.type == "heading_open"
    if above.type != "paragraph_open" and not heading:
        return
    source, plain = _stripped(token.content), _stripped(_plain(token.children or []))
    parts = [
        (line or "").rpartition(old) for line, old in zip(lines[first:last], source, strict=False) if old
    ]
    if source != [""] and (len(parts) < last - first or not all(found for _, found, _ in parts)):
        return
    marks = [_MARKS.sub("", before) for before, _, _ in parts] or [""]
    if len(plain) == len(source):
        rests = ["" if heading else after for _, _, after in parts] or [""]
        lines[first:last] = map("".join, zip(marks, plain, rests, strict=True))
    else:
        _delete(lines, first, last)
        lines[first] = marks[0] + " ".join(plain)
    if heading and above.markup[0] in "=-" and above.map:
        _delete(lines, last, above.map[1])


def _stripped(text: str) -> list[str]:
    return [line.strip(" \t") for line in text.split("\n")]


def _plain(tokens: Sequence[Token]) -> str:
    return "".join("\n" if token.type in _BREAKS else token.content for token in tokens)


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _delete(lines: list[str | None], first: int, last: int) -> None:
    lines[first:last] = [None] * len(lines[first:last])


def _joined(lines: Sequence[str | None]) -> str:
    return "\n".join(line for line in lines if line is not None)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")
