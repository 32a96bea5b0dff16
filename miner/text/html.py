"""HTML to text. Only what is HTML: 'a < b', 'List<String>' and code stay as they are."""

from __future__ import annotations

import html as stdlib
import re
from collections.abc import Mapping
from html.entities import html5
from html.parser import HTMLParser

from miner.text.code import CODE

_NAMES = (
    "a|abbr|acronym|address|article|aside|audio|b|base|bdi|bdo|big|blockquote|body|br|button|canvas|caption|center|"
    "cite|code|col|colgroup|dd|del|details|dfn|dialog|div|dl|dt|em|embed|fieldset|figcaption|figure|font|footer|"
    "form|frame|frameset|h1|h2|h3|h4|h5|h6|head|header|hgroup|hr|html|i|iframe|img|input|ins|kbd|label|legend|li|"
    "link|main|map|mark|menu|meta|nav|noscript|object|ol|optgroup|option|output|p|param|picture|pre|progress|q|rp|"
    "rt|ruby|s|samp|script|section|select|small|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|"
    "td|template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|var|video|wbr"
)
_BLOCKS = (
    *(
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
    ),
    *("dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("header", "hr", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "ul"),
)
_DROPPED = (
    "head",
    "script",
    "style",
    "template",
    "noscript",
    "iframe",
    "object",
    "svg",
    "select",
    "textarea",
)
_WHOLE = ("<!doctype", "<html", "<body", "<div", "<p", "<table", "<ul", "<ol")

_ATTRIBUTE = r"(?:\s+|(?<=[\"']))[^\s\"'<>/=]+(?:\s*+=\s*+(?:\"[^\"<]*+\"|'[^'<]*+'|[^\s\"'=<>`]++))?+"
_TAG = rf"</?(?i:{_NAMES})(?:{_ATTRIBUTE})*+\s*+/?>"
_MARKUP = rf"(?P<markup>{_TAG}|<!--(?:(?!<!--).)*?-->|<!(?i:doctype)\b[^<>]*>)"
_ENTITY = r"(?P<entity>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
_TOKEN = re.compile(rf"{CODE}|{_MARKUP}|{_ENTITY}|[<&]", re.DOTALL | re.MULTILINE)

_BLOCK, _LINE = "\ue0f0", "\ue0f1"
_STARTS = {"br": _LINE, "tr": _LINE, "li": f"{_LINE}- "}
_ENDS = {"td": " ", "th": " "}
_BLOCK_GAP = re.compile(rf"\s*{_BLOCK}[\s{_BLOCK}{_LINE}]*")
_LINE_GAP = re.compile(rf"[^\S\n]*{_LINE}[^\S\n]*\n?")
_SPACE = re.compile(r"\s+")


def html(text: str) -> str:
    """The text of what is marked up: blocks become paragraphs, <br> and rows lines, items lines with a dash.

    Scripts, styles and comments go, entities become characters. Text outside and between tags keeps
    its own lines, unless the whole of it is HTML, whose white space means nothing.
    """
    marked = False

    def escape(token: re.Match[str]) -> str:
        nonlocal marked
        if token["markup"]:
            marked = True
            return token["markup"]
        if token["entity"] and _known(token["entity"]):
            marked = True
            return stdlib.escape(stdlib.unescape(token["entity"]).replace("\xa0", " "), quote=False)
        return stdlib.escape(token[0], quote=False)

    if "<" not in text and "&" not in text:
        return text
    escaped = _TOKEN.sub(escape, text.replace(_BLOCK, "").replace(_LINE, ""))
    if not marked:
        return text
    reader = _Reader(_is_whole(text))
    reader.feed(escaped)
    reader.close()
    return reader.text()


def _known(entity: str) -> bool:
    return entity[1] == "#" or entity[1:] in html5


def _is_whole(text: str) -> bool:
    text = text.strip().lower()
    return text.endswith(">") and text.startswith(_WHOLE)


class _Reader(HTMLParser):
    """Gathers text with marks where blocks and lines begin or end."""

    def __init__(self, whole: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.whole, self.pieces = whole, list[str]()
        self.dropped = 0
        self.pre = 0
        self.code: tuple[str, int] | None = None
        """The outermost open <pre> or <code> and the first piece in it."""

    def text(self) -> str:
        return _LINE_GAP.sub("\n", _BLOCK_GAP.sub("\n\n", "".join(self.pieces))).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.dropped += tag in _DROPPED
        self.pre += tag == "pre"
        self._border(tag, _STARTS)
        if tag in ("pre", "code") and self.code is None:
            self.code = (tag, len(self.pieces))

    def handle_endtag(self, tag: str) -> None:
        self.dropped -= tag in _DROPPED and self.dropped > 0
        self.pre -= tag == "pre" and self.pre > 0
        if self.code and self.code[0] == tag:
            self._end_code(self.code[1])
        self._border(tag, _ENDS)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._border(tag, _STARTS)

    def handle_data(self, data: str) -> None:
        if not self.dropped:
            self.pieces.append(_SPACE.sub(" ", data) if self.whole and not self.pre else data)

    def _border(self, tag: str, marks: Mapping[str, str]) -> None:
        if not self.dropped:
            self.pieces.append(_BLOCK if tag in _BLOCKS else marks.get(tag, ""))

    def _end_code(self, start: int) -> None:
        """Code that shows markup goes between backticks, so that it is not taken for markup again."""
        self.code = None
        code = _LINE_GAP.sub("\n", "".join(self.pieces[start:]).replace(_BLOCK, _LINE))
        if ("<" in code or "&" in code) and "`" not in code:
            fenced = f"{_LINE}```\n{code.strip()}\n```{_LINE}"
            self.pieces[start:] = [fenced if "\n" in code else f"`{code}`"]
