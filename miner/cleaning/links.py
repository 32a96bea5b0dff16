"""URLs and e-mail addresses. What stands in code is left alone."""

from __future__ import annotations

import re

from miner.text.code import CODE

_URL = r"(?:(?:https?|ftps?|wss?)://|www\.(?=[\w-]+\.\w))[^\s<>\"'`|\\^{}()\[\]]*(?:\([^\s<>\"'`()]*\)[^\s<>\"'`|\\^{}()\[\]]*)*(?<![.,;:!?*_])"
_EMAIL = r"(?<![\w.+-])(?:mailto:)?[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w@-])"


def _taken_out(address: str) -> re.Pattern[str]:
    """A whole line of it; a markdown link to it; it in brackets or quotes of its own; it alone."""
    link = (
        rf"!?\[(?P<label>[^\[\]\n]{{0,500}})\]\([ ]?<?(?:{address})>?(?:[ ](?:\"[^\"\n]*\"|'[^'\n]*'))?[ ]?\)"
    )
    alone = rf"(?:\((?:{address})\)|\[(?:{address})\]|<(?:{address})>|{address})"
    line = rf"^[ \t]*(?:\[[^\[\]\n]{{1,200}}\]:[ \t]*)?{alone}[ \t]*(?:\n|\Z)"
    return re.compile(
        rf"{CODE}|{link}|{line}|^{alone}[ \t]+|[ \t]?{alone}",
        re.MULTILINE,
    )


_URLS = _taken_out(_URL)
_EMAILS = _taken_out(_EMAIL)


def urls(text: str) -> str:
    """Take out addresses with a scheme or www; a markdown link becomes its label."""
    return _URLS.sub(_kept, text) if "://" in text or "www." in text else text


def emails(text: str) -> str:
    """Take out e-mail addresses; a markdown link to one becomes its label."""
    return _EMAILS.sub(_kept, text) if "@" in text else text


def _kept(found: re.Match[str]) -> str:
    return found["code"] or found["label"] or ""
