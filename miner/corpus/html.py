"""HTML pages: their text, a section under each heading."""

from __future__ import annotations

import html as entities
import re
from pathlib import Path

from miner.corpus.chunk import Section
from miner.corpus.notes import Notes
from miner.corpus.options import ReadOptions
from miner.corpus.trails import Heading, sections
from miner.storage.files import read_text
from miner.text.html import html

_TITLE = re.compile(r"<title\b[^<>]*>([^<]{0,1000}+)</title>", re.IGNORECASE)
_ASIDE = re.compile(r"<(/?)(?:nav|footer)\b[^<>]*+>", re.IGNORECASE)
_HEADING = re.compile(
    r"<h([1-6])\b[^<>]*+>((?:[^<]++|<(?!/?h[1-6]\b)){0,200}+)</h\1\s*>", re.DOTALL | re.IGNORECASE
)
"""All of these take time in proportion to a page, however often what they open is never closed."""
_TAG = re.compile(r"<[^<>]*>")
_CHARSET = re.compile(rb"""<meta\b[^>]{0,200}charset=["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_TITLE_MARK, _HEADING_MARK = "\ue0f3", "\ue0f2"
"""Private characters that mark, in a page's text, the lines of its title and of its headings."""
_MARKED = re.compile(rf"^{_HEADING_MARK}([1-6])(.*)$|^{_TITLE_MARK}(.*)$", re.MULTILINE)
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")


def page_text(path: Path, options: ReadOptions) -> str:
    """The visible text of a page without its navigation and footer, headings marked."""
    encoding = options.encoding or declared_encoding(path)
    return marked_text(read_text(path, encoding))


def declared_encoding(path: Path) -> str | None:
    """The encoding that a page says it is in, if there is such a one."""
    from miner.errors import ConfigError
    from miner.storage.encodings import check_encoding
    from miner.storage.files import open_binary

    try:
        with open_binary(path) as stream:
            found = _CHARSET.search(stream.read(4096))
        name = found[1].decode("ascii") if found else None
        check_encoding(name)
    except (ConfigError, OSError):
        return None
    return name


def marked_text(source: str) -> str:
    """As page_text, of a page's source."""
    for mark in (_TITLE_MARK, _HEADING_MARK):
        source = source.replace(mark, "")
    title = _TITLE.search(source)
    body = _HEADING.sub(_mark, _without_asides(_TITLE.sub(" ", source)))
    text = html(f"<div>{body}</div>")
    return f"{_TITLE_MARK}{_inline(title[1])}\n\n{text}" if title else text


def outline(text: str, path: Path, notes: Notes) -> list[Section]:
    """A section under each marked heading, titled by the path of headings above it, after the page's title."""
    title, start, headings = "", 0, list[Heading]()
    for found in _MARKED.finditer(text):
        if found[1]:
            headings.append(Heading(int(found[1]), found[2].strip(), found.start(), found.end()))
        elif not start:
            title, start = found[3].strip(), found.end()
    cuts = (tuple(match.end() for match in _BLANK_LINE.finditer(text)),)
    return sections(headings, title, (start, len(text)), cuts)


def _without_asides(source: str) -> str:
    """The source without its navigation and footers; one that is never closed stays."""
    kept, depth, start, end = list[str](), 0, 0, 0
    for tag in _ASIDE.finditer(source):
        if not tag[1]:
            start, depth = (tag.start(), 1) if not depth else (start, depth + 1)
        elif depth:
            depth -= 1
            if not depth:
                kept.append(source[end:start])
                end = tag.end()
    return " ".join([*kept, source[end:]])


def _mark(heading: re.Match[str]) -> str:
    name = entities.escape(_inline(heading[2]), quote=False)
    return f"<p>{_HEADING_MARK}{heading[1]}{name}</p>" if name else " "


def _inline(source: str) -> str:
    return " ".join(entities.unescape(_TAG.sub("", source)).replace("¶", " ").split())
