"""Texts without presentation: markup, entities, invisible and look-alike characters, Unicode forms.

Case, punctuation and lines stay, for they help to read what is left. Characters are compared as NFKC
(Unicode Standard Annex 15); what is invisible follows Unicode Technical Report 36.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Sequence

from miner.text.code import CODE
from miner.text.kept import kept
from miner.text.lookalikes import unmask

_BLOCK = (
    "address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 head header hr html legend li link main meta nav ol option p pre section "
    "select summary table tbody td tfoot th thead title tr ul"
)
_INLINE = (
    "a abbr acronym b bdi bdo big button cite code data del dfn em font i iframe img input ins kbd label mark "
    "nobr noscript picture q s samp small source span strike strong sub sup svg time tt u var video wbr"
)
_CODE = re.compile(CODE)
_ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|\w+);")
_HIDDEN = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>", re.S | re.I)
_BLOCK_TAG = re.compile(rf"</?(?:{'|'.join(_BLOCK.split())})\b(?:\s[^<>]*)?/?>", re.I)
_INLINE_TAG = re.compile(rf"</?(?:{'|'.join(_INLINE.split())})\b(?:\s[^<>]*)?/?>", re.I)


def _unquoted(found: re.Match[str]) -> str:
    return re.sub(r"^[ \t]*>+", "", found[0], flags=re.M)


_Replacement = str | Callable[[re.Match[str]], str]
_Markdown = tuple[tuple[str, ...], re.Pattern[str], _Replacement]
_MARKDOWN: tuple[_Markdown, ...] = (
    (("```", "~~~"), re.compile(r"\n[ \t]*(?:```|~~~)[\w+-]*[ \t]*$", re.M), "\n"),
    (
        ("---", "===", "***", "___"),
        re.compile(r"\n(?=[ \t|:+=*_-]++$)[^\n]*(?:---|===|\*\*\*|___)[^\n]*$", re.M),
        "\n",
    ),
    (
        ("](",),
        re.compile(r"(?:!?\[|(?<=\A\n))([^\[\]\n]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"\n]*\")?\)"),
        r"\1",
    ),
    (("][",), re.compile(r"\[([^\[\]\n]*[^\W\d][^\[\]\n]*)\](?:\[[^\[\]\n]*\])"), r"\1"),
    (("]:",), re.compile(r"\n[ \t]*\[[^\]\n]+\]:[ \t]*\S+.*$", re.M), "\n"),
    (("[",), re.compile(r"\[\s*+(\d{1,3})(?:\s*+[,-]\s*+\d{1,3})*+\s*+(?:[,-]?\s*+\Z|\])"), r"[\1]"),
    (("]",), re.compile(r"\A\n[ \t]*+\d{1,3}(?:\s*+[,-]\s*+\d{1,3})*+\s*+\]"), "\n"),
    (("<http",), re.compile(r"<(https?://[^\s<>]+)>"), r"\1"),
    (("\n>",), re.compile(r"\A\n(?:[ \t]*>.*(?:\n|\Z)){2,}\Z"), _unquoted),
    ((">",), re.compile(r"\n[ \t]*>+[ \t]?(?![=\d ])"), "\n"),
    (("#",), re.compile(r"\n {0,3}#{1,6}[ \t]+"), "\n\n"),
    (tuple("-*+•‣◦▪●·"), re.compile(r"\n[ \t]*[-*+•‣◦▪●·][ \t]+(?=\S)"), "\n\n"),
    (("1.", "1)"), re.compile(r"\n[ \t]*\d{1,2}[.)][ \t]+(?=\S)"), "\n\n"),
    (("*",), re.compile(r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*\n]+)(?<=[^\s*])\1(?![\w*])"), r"\2"),
    (("**",), re.compile(r"(\*\*)(?=[^\s*])([^*\n]+)(?<=[^\s*])\1"), r"\2"),
    (("_",), re.compile(r"(?<!\w)(_{1,2})(?=[^\s_])([^_\n]+)(?<=[^\s_])\1(?!\w)"), r"\2"),
    (("~~",), re.compile(r"~~(?=\S)([^~\n]+)(?<=\S)~~"), r"\1"),
    (("`",), re.compile(r"`+"), ""),
    (("\\",), re.compile(r"\\([\\*_{}\[\]()#+.!|>~<&-])"), r"\1"),
)
"""What marks a text up, with strings one of which is there wherever it is. Lines are found by the end of the one
before, which is much faster than looking for beginnings."""
_MARKS = frozenset("[]`~<>#*_\\")
_WITHOUT_MARKS = [each for each in _MARKDOWN if any(_MARKS.isdisjoint(sign) for sign in each[0])]
"""What is looked for in texts that have none of the marks, as most, if a line begins with a sign or a number."""
_BEGUN = re.compile(r"\n[ \t]*(?:[-|:+=*_•‣◦▪●·]|\d\d?[.)])")
_BROKEN = re.compile(r"-(?<=[^\W\d_]-)[ \t]*\r?\n[ \t]*(?=[^\W\d_])")
_POWER = re.compile("(?<=\\d)[⁺⁻]?[⁰¹²³⁴-⁹]+")
_NOTE = re.compile("(?<=[^\\W\\d_]{4})[⁰¹²³⁴-⁹]+|[™®©]")
_FRACTION = re.compile("(?<=\\d)(?=[¼-¾⅐-⅞])")
_POINTS = (
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0640"
)
_ASCII_UNSEEN = bytes({*range(32), 127} - set(b"\n\t\r\v\f\x1c\x1d\x1e"))
_UNSEEN = re.compile(
    f"[{_POINTS}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800\ufe00-\ufe0f\U000e0000-\U000e01ef]"
)
_ALIKE = {
    **dict.fromkeys(map(ord, "‘’ʼ‛′`´ʹ＇"), "'"),
    **dict.fromkeys(map(ord, "“”„‟«»″〝〞"), '"'),
    **dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-"),
    ord("⁄"): "/",
    ord("∕"): "/",
    ord("٫"): ".",
    ord("٬"): ",",
    ord("ي"): "ی",
    ord("ى"): "ی",
    ord("ك"): "ک",
    ord("أ"): "ا",
    ord("إ"): "ا",
    ord("آ"): "ا",
    ord("ß"): "ss",
    ord("ẞ"): "SS",
}


@kept(2**22)
def present(text: str) -> str:
    """The text as a reader sees it: case, punctuation and order of words as they were."""
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(html.unescape(text))
    if "<" in text:
        text = _without_tags(text)
    text = "\n" + text
    for signs, pattern, replacement in _looked_for(text):
        for sign in signs:
            if sign in text:
                text = pattern.sub(replacement, text)
                break
    text = text[1:]
    if not text.isascii():
        text = _unicode(text)
    elif not text.isprintable():
        text = text.encode().translate(None, _ASCII_UNSEEN).decode()
    return _BROKEN.sub("", text) if "-" in text and "\n" in text else text


def _without_tags(text: str) -> str:
    """The text without HTML tags and what they hide; what is code shows them."""
    parts, end = list[str](), 0
    for code in _CODE.finditer(text) if "`" in text or "~~~" in text else ():
        parts += [_untagged(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, _untagged(text[end:])])


def _untagged(text: str) -> str:
    if "-->" in text or "</" in text:
        text = _HIDDEN.sub(" ", text)
    return _INLINE_TAG.sub("", _BLOCK_TAG.sub("\n", text))


def _looked_for(text: str) -> Sequence[_Markdown]:
    """What may mark up a text that begins with a line's end."""
    for mark in _MARKS:
        if mark in text:
            return _MARKDOWN
    return _WITHOUT_MARKS if _BEGUN.search(text) else ()


def _unicode(text: str) -> str:
    text = _FRACTION.sub(" ", _NOTE.sub("", _POWER.sub(_power, text)))
    text = unicodedata.normalize("NFKC", text).translate(_CHARACTERS)
    return unmask(unicodedata.normalize("NFC", _UNSEEN.sub("", text)))


def _power(found: re.Match[str]) -> str:
    return "^" + unicodedata.normalize("NFKC", found.group()).replace("−", "-")


class _Characters(dict[int, int | str | None]):
    """Controls and formatting characters to nothing, native digits to ASCII ones, quotes and dashes to one."""

    def __missing__(self, code: int) -> int | str | None:
        self[code] = found = _shown(code)
        return found


def _shown(code: int) -> int | str | None:
    character = chr(code)
    category = unicodedata.category(character)
    if category == "Nd" and code > 127:
        return str(unicodedata.decimal(character))
    if category == "Cf" or (category == "Cc" and character not in "\n\t\r\v\f\x1c\x1d\x1e"):
        return None
    return code


_CHARACTERS = _Characters({0x2028: "\n", 0x2029: "\n", 0x85: "\n"} | _ALIKE)
