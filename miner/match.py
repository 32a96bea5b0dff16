"""Does a passage match a relevant passage? The guards that hold for every setting.

Texts are compared folded: NFKC, case, space and punctuation removed, as UTF-8 bytes. Near copies are
found by the resemblance of byte shingles (Broder 1997, "On the resemblance and containment of
documents"), which need no word boundaries and so work for every script.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from miner.data import Bool, Int64, UInt8

SHINGLE = 5
RESEMBLANCE = 0.6
CONTAINMENT = 0.85
CONTAINMENT_SHINGLES = 60
CONTAINMENT_RATIO = 10
OVERLAP = 0.2
WORD_BOUNDARY_BELOW = 16
_BUCKETS = 1 << 18

_NOT_WORD = re.compile(r"[\W_]+")
_ASCII_NOT_WORD = bytes(byte for byte in range(128) if not chr(byte).isalnum())
_AT_ONCE = 4096
_EMPTY = np.empty(0, np.int64)


class Match(IntEnum):
    """Why a candidate can never be a negative of its query."""

    NONE = 0
    SAME_ID = 1
    SAME_TEXT = 2
    SAME_FOLDED = 3
    CONTAINS = 4
    NEAR_COPY = 5
    QUERY = 6
    BLANK = 7
    DUPLICATE = 8


NONE, QUERY, BLANK, DUPLICATE = int(Match.NONE), int(Match.QUERY), int(Match.BLANK), int(Match.DUPLICATE)


def fold(text: str) -> bytes:
    """The text without what re-casing, re-spacing and re-punctuating change.

    A text of nothing but punctuation folds to itself without spaces.
    """
    if text.isascii():
        folded = text.lower().encode().translate(None, _ASCII_NOT_WORD)
    else:
        normal = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        folded = _NOT_WORD.sub("", normal).encode("utf-8", "surrogatepass")
    return folded or "".join(text.split()).encode("utf-8", "surrogatepass")


def fold_words(text: str) -> str:
    """As fold, with single spaces where the text had anything that is not a word, and around it."""
    return f" {_NOT_WORD.sub(' ', unicodedata.normalize('NFKC', text).casefold()).strip()} "


@dataclass(frozen=True)
class Folded:
    """A text with all that comparing it needs, computed once."""

    text: str

    @cached_property
    def key(self) -> bytes:
        return fold(self.text)

    @property
    def shingles(self) -> Int64:
        """Distinct byte 5-grams of the key as sorted integers."""
        data = np.frombuffer(self.key, np.uint8).astype(np.int64)
        if len(data) < SHINGLE:
            return _EMPTY
        grams = data[: len(data) - SHINGLE + 1].copy()
        for i in range(1, SHINGLE):
            grams <<= 8
            grams |= data[i : len(data) - SHINGLE + 1 + i]
        return _distinct(grams)

    @cached_property
    def buckets(self) -> NDArray[np.int32]:
        """The shingles hashed into a small table, for counting common ones of many pairs at once."""
        return _hashed(self.shingles)


@lru_cache(maxsize=20_000)
def folded(text: str) -> Folded:
    return Folded(text)


def fold_all(texts: Iterable[str]) -> list[Folded]:
    """As folded, with the buckets of all texts computed at once, which is much faster than one by one."""
    out = [folded(text) for text in texts]
    bare = [each for each in out if "buckets" not in each.__dict__]
    for start in range(0, len(bare), _AT_ONCE):
        part = bare[start : start + _AT_ONCE]
        for each, buckets in zip(part, _buckets([each.key for each in part]), strict=True):
            each.__dict__["buckets"] = buckets
    return out


def _buckets(keys: Sequence[bytes]) -> list[NDArray[np.int32]]:
    """Folded.buckets of many texts: a text's number stands above its shingles, so that one sort does for all."""
    sizes = np.array([len(key) for key in keys], np.int64)
    data = np.frombuffer(b"".join(keys) + bytes(SHINGLE), np.uint8).astype(np.int64)
    starts = np.cumsum(sizes) - sizes
    counts = np.maximum(sizes - SHINGLE + 1, 0)
    places = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
    grams = np.repeat(np.arange(len(keys), dtype=np.int64), counts)
    for i in range(SHINGLE):
        grams = grams << 8 | data[places + i]
    grams = _distinct(grams)
    ends = np.searchsorted(grams, np.arange(1, len(keys), dtype=np.int64) << 8 * SHINGLE)
    return [part.copy() for part in np.split(_hashed(grams & ((1 << 8 * SHINGLE) - 1)), ends)]


def _distinct(grams: Int64) -> Int64:
    """Sorted, each once; the array is sorted in place. Several times as fast as np.unique, which hashes."""
    grams.sort()
    first = np.ones(len(grams), np.bool_)
    np.not_equal(grams[1:], grams[:-1], out=first[1:])
    return grams[first]


def _hashed(shingles: Int64) -> NDArray[np.int32]:
    mixed = shingles.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(64 - 18)).astype(np.int32)


def compare(candidate: Folded, relevant: Folded) -> Match:
    """How a candidate matches one relevant passage; NONE if it does not."""
    if candidate.text == relevant.text:
        return Match.SAME_TEXT
    if candidate.key == relevant.key:
        return Match.SAME_FOLDED
    if contains(candidate, relevant) or contains(relevant, candidate):
        return Match.CONTAINS
    common = len(np.intersect1d(candidate.shingles, relevant.shingles, assume_unique=True))
    return Match.NEAR_COPY if _near(common, len(candidate.shingles), len(relevant.shingles)) else Match.NONE


def contains(outer: Folded, inner: Folded) -> bool:
    """Whether the inner text stands in the outer one. A short inner text must stand there as whole words,
    unless its script may be written without spaces.
    """
    if not inner.key or inner.key not in outer.key:
        return False
    if len(inner.key) >= WORD_BOUNDARY_BELOW or not inner.key.isascii():
        return True
    return fold_words(inner.text) in fold_words(outer.text)


def _near(common: int, a: int, b: int) -> bool:
    small, large = min(a, b), max(a, b)
    if not common:
        return False
    resembles = common >= RESEMBLANCE * (a + b - common)
    held = (
        small >= CONTAINMENT_SHINGLES and large <= CONTAINMENT_RATIO * small and common >= CONTAINMENT * small
    )
    return resembles or held


class Guard:
    """Compares many candidates with the relevant passages of one query at a time.

    Counting common shingles goes through a table of 2^18 flags, so that a query with 100 candidates
    costs well under a millisecond; what the table flags is then counted exactly.
    """

    def __init__(self) -> None:
        self._table = np.zeros(_BUCKETS, np.bool_)

    def match(
        self, query: str, candidates: Sequence[str], relevant: Sequence[str], taken: Sequence[str] = ()
    ) -> UInt8:
        """A Match code for each candidate text, ids aside; DUPLICATE for what folds to the same as one of
        `taken` or as an earlier candidate.
        """
        ours, theirs = fold_all(candidates), fold_all(relevant)
        codes = [0] * len(ours)
        for other, candidate in np.argwhere(_possible(self.common(ours, theirs), ours, theirs)).tolist():
            if not codes[candidate]:
                codes[candidate] = int(compare(ours[candidate], theirs[other]))
        asked, seen = fold(query), {fold(text) for text in taken}
        alone = [code or _alone(each, asked, seen) for code, each in zip(codes, ours, strict=True)]
        return np.array(alone, np.uint8)

    def common(self, ours: Sequence[Folded], theirs: Sequence[Folded]) -> Int64:
        """[len(theirs), len(ours)] shingles in common, never too few (hashed shingles may collide)."""
        counts = np.zeros((len(theirs), len(ours)), np.int64)
        sizes = np.array([len(candidate.buckets) for candidate in ours], np.int64)
        some = np.flatnonzero(sizes)
        if not len(some):
            return counts
        buckets = np.concatenate([ours[i].buckets for i in some.tolist()])
        starts = np.concatenate([[0], np.cumsum(sizes[some])[:-1]])
        for count, other in zip(counts, theirs, strict=True):
            self._table[other.buckets] = True
            count[some] = np.add.reduceat(self._table[buckets], starts, dtype=np.int64)
            self._table[other.buckets] = False
        return counts


def _possible(common: Int64, ours: Sequence[Folded], theirs: Sequence[Folded]) -> Bool:
    """[theirs, ours] whether the texts may be equal, contain one another or be near copies, given shingles
    in common."""
    a = np.array([len(each.buckets) for each in ours], np.int64)[None]
    b = np.array([len(each.buckets) for each in theirs], np.int64)[:, None]
    small, large = np.minimum(a, b), np.maximum(a, b)
    held = (
        (small >= CONTAINMENT_SHINGLES)
        & (large <= CONTAINMENT_RATIO * small)
        & (common >= CONTAINMENT * small)
    )
    return (common >= small) | (common >= RESEMBLANCE * (a + b - common)) | held


def _alone(candidate: Folded, query: bytes, seen: set[bytes]) -> int:
    """What is wrong with a candidate apart from the relevant passages; notes what it has seen."""
    if not candidate.text.strip():
        return BLANK
    if candidate.key == query:
        return QUERY
    if candidate.key in seen:
        return DUPLICATE
    seen.add(candidate.key)
    return NONE
