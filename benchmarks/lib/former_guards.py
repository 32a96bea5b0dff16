"""The rule for copies that miner had before it told them from contrasts, to be measured beside the one it has: byte
5-grams of texts without case, space and punctuation (Broder 1997), and one text within the other.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NOT_WORD = re.compile(r"[\W_]+")
RESEMBLANCE, CONTAINMENT, SHINGLES, RATIO, WHOLE_WORDS = 0.6, 0.85, 60, 10, 16


def former_copy(a: str, b: str) -> bool:
    """Whether the former rule took two texts for copies."""
    x, y = _letters(a), _letters(b)
    if x == y or _within(a, b, x, y) or _within(b, a, y, x):
        return True
    ours, theirs = _grams(a), _grams(b)
    common, small, large = len(ours & theirs), min(len(ours), len(theirs)), max(len(ours), len(theirs))
    if not common:
        return False
    held = small >= SHINGLES and large <= RATIO * small and common >= CONTAINMENT * small
    return held or common >= RESEMBLANCE * (small + large - common)


@lru_cache(maxsize=20_000)
def _letters(text: str) -> bytes:
    return _NOT_WORD.sub("", _plain(text)).encode()


@lru_cache(maxsize=20_000)
def _grams(text: str) -> frozenset[bytes]:
    letters = _letters(text)
    return frozenset(letters[i : i + 5] for i in range(len(letters) - 4))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _within(inner: str, outer: str, letters: bytes, around: bytes) -> bool:
    if not letters or letters not in around:
        return False
    if len(letters) >= WHOLE_WORDS or not letters.isascii():
        return True
    return (
        f" {_NOT_WORD.sub(' ', _plain(inner)).strip()} " in f" {_NOT_WORD.sub(' ', _plain(outer)).strip()} "
    )
