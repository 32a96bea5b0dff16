"""Texts made comparable: folded, and sketched so that thousands of pairs can be told apart at once.

A folded text lacks presentation (present.py), case, space and punctuation, and keeps what carries meaning: signs,
decimal points, operators, combining marks. What two texts have in common is counted in byte shingles of their
letters, which need no word boundaries and so work for every script.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from miner.data import Bool, Int64, UInt16, UInt64
from miner.text.code_blocks import code_signs
from miner.text.kept import kept
from miner.text.letters import letters_of, meaning_of
from miner.text.present import present
from miner.text.tokens import unaccented

SHINGLE = 5
BITS = 8192
PLACES = 2**16
"""Hashes of shingles, several of which fall on one bit of a sketch."""

_AT_ONCE = 512
_EMPTY = np.empty(0, np.int64)
_MIX, _KEEP = np.uint64(0x9E3779B97F4A7C15), np.uint64(64 - PLACES.bit_length() + 1)


def fold(text: str) -> bytes:
    """The text without what re-casing, re-spacing, re-punctuating and marking up change: equal for two texts that
    are the same to a reader. Numbers with their signs and points, operators, and units and names that case tells
    apart follow the letters, and what stands around the words of code. A text of nothing but punctuation folds to
    itself without spaces.
    """
    shown = present(text)
    letters, meaning = letters_of(shown), meaning_of(shown)
    if signs := code_signs(text, shown):
        meaning += b"\0" + _encoded(signs)
    if not letters and not meaning:
        return _encoded("".join(text.split()))
    return letters + b"\0" + meaning if meaning else letters


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class Folded:
    """A text with all that comparing it needs, computed once."""

    text: str

    @cached_property
    def key(self) -> bytes:
        return fold(self.text)

    @cached_property
    def letters(self) -> bytes:
        """What shingles are made of: letters and digits without accents. Equal wherever the keys are."""
        shown = present(self.text)
        return letters_of(shown if shown.isascii() else unaccented(shown))

    @property
    def count(self) -> int:
        """Shingles, those that come again counted again."""
        return max(0, len(self.letters) - SHINGLE + 1)

    @property
    def shingles(self) -> Int64:
        """Distinct byte 5-grams of the letters as sorted integers."""
        return _shingles(self.letters)

    @cached_property
    def places(self) -> UInt16:
        """The distinct hashes of the shingles, in order."""
        return _places([self.letters])[0]

    @cached_property
    def sketch(self) -> UInt64:
        """uint64 [BITS / 64]: one bit for each shingle, at the first bits of its hash."""
        return np.asarray(_sketches([self.places])[0])

    def share(self, other: Folded) -> float:
        """Distinct shingles in common, as a share of those of the text that has fewer."""
        a, b = self.shingles, other.shingles
        return common(a, b) / max(1, min(len(a), len(b)))


@kept(2**27)
def folded(text: str) -> Folded:
    return Folded(text)


def fold_kept(text: str) -> bytes:
    """As fold, kept for a while: for passages, which come again in many rows."""
    return folded(text).key


def fold_all(texts: Iterable[str]) -> list[Folded]:
    """As folded, with the sketches of all texts computed together, which is much faster than one by one."""
    out = [folded(text) for text in texts]
    bare = list({id(each): each for each in out if "sketch" not in each.__dict__}.values())
    for start in range(0, len(bare), _AT_ONCE):
        part = bare[start : start + _AT_ONCE]
        places = _places([each.letters for each in part])
        for each, mine, sketch in zip(part, places, _sketches(places), strict=True):
            each.__dict__.update(places=mine, sketch=sketch.copy())
    return out


def common(a: Int64, b: Int64) -> int:
    """How many shingles are in both, given those of each, sorted."""
    both = np.concatenate([a, b])
    both.sort(kind="stable")
    return int(np.count_nonzero(both[1:] == both[:-1]))


@kept(2**22)
def _shingles(key: bytes) -> Int64:
    grams = _grams(key).view(np.int64)[: len(key) - SHINGLE + 1] if len(key) >= SHINGLE else _EMPTY
    grams.sort()
    first = np.ones(len(grams), np.bool_)
    np.not_equal(grams[1:], grams[:-1], out=first[1:])
    return grams[first]


def bits_of(letters: bytes) -> Int64:
    """[len(letters)] the bit of a sketch that the shingle from each place on sets."""
    return (_grams(letters) * _MIX >> _KEEP).astype(np.int64) // (PLACES // BITS)


def _places(keys: Sequence[bytes]) -> list[UInt16]:
    """The places of each key."""
    hashes = (_grams(b"".join(keys)) * _MIX >> _KEEP).astype(np.uint16)
    starts = np.cumsum([0, *map(len, keys)]).tolist()
    return [_distinct(hashes[start : max(start, stop - SHINGLE + 1)]) for start, stop in pairwise(starts)]


def _distinct(values: UInt16) -> UInt16:
    """In order; the values are put in order where they are."""
    values.sort(kind="stable")
    first = np.empty(len(values), np.bool_)
    first[:1] = True
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return values.compress(first)


def _sketches(places: Sequence[UInt16]) -> UInt64:
    """[len(places), BITS / 64]"""
    line = np.repeat(np.arange(len(places)) * BITS, [len(each) for each in places])
    flags: Bool = np.zeros(len(places) * BITS, np.bool_)
    flags[line + np.concatenate(places) // (PLACES // BITS)] = True
    return np.asarray(np.packbits(flags).view(np.uint64).reshape(len(places), BITS // 64))


def _grams(data: bytes) -> UInt64:
    """uint64 [len(data)]: the bytes from each place on as one number; the last ones run into zeros."""
    eights = np.ndarray((len(data),), ">u8", data + bytes(8), 0, (1,))
    return eights.astype(np.uint64) >> np.uint64(8 * (8 - SHINGLE))
