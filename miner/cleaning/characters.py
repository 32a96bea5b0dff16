"""Characters: wrong decodings, control characters, white space."""

from __future__ import annotations

import re

from miner.errors import require
from miner.text.code import FENCE

_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_BREAK = re.compile("[\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)
_BLANK = r"[^\S\r\n]"
_INSIDE = re.compile(rf"(?<=\S){_BLANK}{{2,}}(?=\S)")
_TRAILING = re.compile(rf"(?<!\s){_BLANK}+$|^{_BLANK}+$", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n{3,}")


def mojibake(text: str) -> str:
    """Undo text decoded with the wrong encoding (ftfy, https://ftfy.readthedocs.io), and nothing else.

    One wrong letter that stands alone in an otherwise right text is a mention of such letters, and stays.
    """
    if text.isascii():
        return text
    require("ftfy", extra="clean", purpose="the cleaning step mojibake")
    import ftfy

    fixed: str = ftfy.fix_encoding(text)
    return text if _is_mention(text, fixed) else fixed


def _is_mention(text: str, fixed: str) -> bool:
    same = next((i for i, (old, new) in enumerate(zip(text, fixed, strict=False)) if old != new), len(fixed))
    rest = text[same + 2 :]
    alone = not (text[same - 1 : same].strip() or rest[:1].isalnum())
    return alone and fixed[same + 1 :] == rest and fixed[same : same + 1].isalpha()


def control(text: str) -> str:
    """Take out terminal escapes, control characters, soft hyphens, zero-width spaces and overrides of
    direction. Joiners and direction marks, which some scripts need, stay; odd line breaks become new lines.
    """
    return _CONTROL.sub("", _BREAK.sub("\n", _ESCAPE.sub("", text)))


def whitespace(text: str) -> str:
    """One kind of line end, one space between words, no space at the ends of lines, at most one empty line.

    Indentation stays, and so do fences of code.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "```" not in text and "~~~" not in text:
        return _spaced(text).strip()
    parts, last = [], 0
    for fence in FENCE.finditer(text):
        parts += [_spaced(text[last : fence.start()]), fence[0]]
        last = fence.end()
    return "".join([*parts, _spaced(text[last:])]).strip()


def _spaced(text: str) -> str:
    return _EMPTY_LINES.sub("\n\n", _TRAILING.sub("", _INSIDE.sub(" ", text)))
