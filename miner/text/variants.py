"""Two tokens that may be one word: inflected, in another spelling, without its accents, mistyped.

What counts as a typing error is what Damerau found most errors to be (1964, "A technique for computer detection
and correction of spelling errors"): one letter left out, doubled, swapped or hit beside, the first one right.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from string import ascii_lowercase

from miner.text.confusable import CONFUSABLE
from miner.text.lexicon import KINDS, TokenKind, exchangeable, interchangeable, kind_of
from miner.text.tokens import unaccented

SHORT, LONG = 5, 9
"""Letters from which on a word may be mistyped, and may be twice."""


class Form(IntEnum):
    """How two tokens stand to each other."""

    OTHER = 0
    SAME = 1
    CASE = 2
    ACCENT = 3
    TYPO = 4
    """The edit is one that fingers make."""
    EDIT = 5
    """Close, but as likely another word."""


_ENDINGS = ("", "s", "es", "ed", "d", "ing", "e", "'s")
_SPELLINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("(?<=..)our"), "or"),
    (re.compile("(?<=..)is(?=(?:e|ed|es|ing|ation|ations|er|ers)$)"), "iz"),
    (re.compile("(?<=..)ys(?=(?:e|ed|es|ing)$)"), "yz"),
    (re.compile("ae|oe"), "e"),
    (re.compile("(?<=[tb])re(?=s?$)"), "er"),
    (re.compile("ogue(?=s?$)"), "og"),
    (re.compile("(?<=..)ence(?=s?$)"), "ense"),
    (re.compile("(?<=..)ll"), "l"),
    (re.compile("ulph"), "ulf"),
    (re.compile("mme(?=s?$)"), "m"),
)
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = frozenset(
    frozenset((a, b))
    for line, lower in zip(_KEYS, (*_KEYS[1:], ""), strict=True)
    for place, a in enumerate(line)
    for b in line[place + 1 : place + 2] + lower[max(0, place - 1) : place + 1]
)
_VOWELS = frozenset("aeiouy")
_MISREAD = str.maketrans("0135", "olss") | str.maketrans("1", "l")


_LETTERS = {letter: 1 << place for place, letter in enumerate(ascii_lowercase)}
_NUMBERS, _EXCHANGEABLE, _ANY = 1 << 26, 1 << 27, (1 << 28) - 1


@lru_cache(maxsize=200_000)
def form(a: str, b: str) -> Form:
    """How two tokens stand to each other, the texts around them aside."""
    return _form(a, b) if reach(a) & reach(b) else Form.OTHER


@lru_cache(maxsize=200_000)
def reach(word: str) -> int:
    """Bits for what a token may be a form of: tokens that have none in common are other words. Most have that of
    their first letter.
    """
    if kind_of(word) is TokenKind.NUMBER:
        return _NUMBERS | (_LETTERS["o"] if word == "1" else 0)
    if not (word.isascii() and word.isalpha()):
        return _ANY
    return _LETTERS[word[0].lower()] | (_EXCHANGEABLE if exchangeable(word) else 0)


def _form(a: str, b: str) -> Form:
    if a.lower() == b.lower():
        return Form.CASE
    if interchangeable(a, b) or {a, b} == {"1", "one"}:
        return Form.SAME
    if TokenKind.NUMBER in (kind_of(a), kind_of(b)):
        return Form.OTHER
    if not (a[0].isalpha() and b[0].isalpha()):
        return Form.OTHER
    if unaccented(a) == unaccented(b):
        return Form.ACCENT
    if a in KINDS and b in KINDS:
        return Form.OTHER
    if _inflected(a, b) or _inflected(b, a) or _spelt(a) == _spelt(b) or _misread(a, b):
        return Form.SAME
    return _edited(*sorted((unaccented(a), unaccented(b)), key=len))


@lru_cache(maxsize=50_000)
def _spelt(word: str) -> str:
    if len(word) < 6:
        return word
    for pattern, one in _SPELLINGS:
        word = pattern.sub(one, word)
    return word


def _inflected(a: str, b: str) -> bool:
    """Whether b is a in another number, tense or person. A final e alone makes another word: plan, plane."""
    if not (a.isascii() and b.isascii()) or min(len(a), len(b)) < 3 or a in CONFUSABLE.get(b, ()):
        return False
    stem = len(a)
    if b in (a + "s", a + "es", a + "ed", a + "ing", a + a[-1] + "ed", a + a[-1] + "ing"):
        return stem > 2
    if a.endswith("e"):
        return b in (a + "d", a[:-1] + "ing") and stem > 3
    if a.endswith("y") and b in (a[:-1] + "ies", a[:-1] + "ied"):
        return True
    for ending in ("s", "es", "ed", "ing"):
        if a.endswith(ending) and len(root := a[: -len(ending)]) > 3:
            return any(
                b == root + other for other in ("es", "ed", "ing", "s", "e") if other != "e" or ending != "s"
            )
    return False


def _misread(a: str, b: str) -> bool:
    """Whether digits stand for letters in one of them."""
    if len(a) != len(b) or len(a) < 4 or (a.isalpha() == b.isalpha()):
        return False
    return a.translate(_MISREAD) == b.translate(_MISREAD)


def _edited(a: str, b: str) -> Form:
    """Of two words, the shorter one first."""
    if len(a) < SHORT - 1 or a[0] != b[0] or len(b) - len(a) > 2 or not _typed(a + b):
        return Form.OTHER
    if b in CONFUSABLE.get(a, ()):
        return Form.OTHER
    start = _common(a, b)
    end = min(_common(a[::-1], b[::-1]), len(a) - start)
    ours, theirs = a[start : len(a) - end], b[start : len(b) - end]
    if len(ours) == len(theirs) == 2 and ours == theirs[::-1]:
        return Form.TYPO
    if len(b) < SHORT:
        return Form.OTHER
    if not ours and len(theirs) == 1:
        return _left_out(b, start)
    if len(ours) == len(theirs) == 1:
        if frozenset((ours, theirs)) in _BESIDE and not (ours in _VOWELS and theirs in _VOWELS):
            return Form.TYPO
        return Form.OTHER if ours in _VOWELS and theirs in _VOWELS else Form.EDIT
    return _twice(a, b, start, end)


def _twice(a: str, b: str, start: int, end: int) -> Form:
    """Two errors apart from each other in a long word: what is between them is the same."""
    if len(a) < LONG or len(b) - len(a) > 1:
        return Form.OTHER
    ours, theirs = a[start : len(a) - end], b[start : len(b) - end]
    apart = len(ours) > 2 and (
        ours[1:-1] == theirs[1:-1] or ours[1:] == theirs[1:-1] or ours[:-1] == theirs[1:-1]
    )
    return Form.EDIT if apart else Form.OTHER


def _left_out(word: str, place: int) -> Form:
    """A letter that another writing of the word lacks."""
    doubled = word[place] in (word[place - 1 : place], word[place + 1 : place + 2])
    if place == len(word) - 1 and not doubled:
        return Form.EDIT if word[-1] not in "eaoynr" else Form.OTHER
    return Form.TYPO


def _typed(letters: str) -> bool:
    return letters.isalpha() and (letters.isascii() or max(letters) < "\u0530")


def _common(a: str, b: str) -> int:
    for i, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return i
    return min(len(a), len(b))
