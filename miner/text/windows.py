"""Windows over one document, told by their texts: one ends with what the other begins with, whatever else differs.

What lies at a cut may be read otherwise on either side of it, a date, a number: letters are compared to the last one,
tokens from a little behind the beginning up to a little before the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from miner.data import Bool, Int64, UInt64
from miner.text.fold import SHINGLE, Folded, bits_of

NEEDLE = 4 * SHINGLE
"""Letters at the beginning of a text that the other one must hold, at least."""
SHORTEST = 8
"""Tokens that two windows share, at least."""
CUT = 8
"""Tokens at either end of what they share that may be read otherwise."""


def joined(a: bytes, b: bytes) -> bool:
    """Whether one of two texts ends with what the other begins with, letter by letter (fold.py)."""
    return _goes_on(a, b) or _goes_on(b, a)


def _goes_on(first: bytes, second: bytes) -> bool:
    needle = second[:NEEDLE]
    place = first.find(needle, 1) if len(needle) == NEEDLE else -1
    while place >= 0:
        if second.startswith(first[place:]):
            return True
        place = first.find(needle, place + 1)
    return False


def needles_of(texts: Sequence[Folded]) -> Int64:
    """[T, 4] the bits of a sketch for the letters of each text that must be found again, -1 where it is too short."""
    pieces = [text.letters[:NEEDLE] for text in texts]
    bits = bits_of(b"".join(piece.ljust(NEEDLE, b"\0") for piece in pieces))[::SHINGLE].reshape(
        -1, NEEDLE // SHINGLE
    )
    bits[np.array([len(piece) < NEEDLE for piece in pieces], np.bool_)] = -1
    return bits


def may_go_on(sketches: UInt64, texts: Int64, needles: Int64) -> Bool:
    """[N] whether texts [N], rows of sketches [T, BITS / 64], have all bits of needles [N, 4]: no text that goes on is
    missed.
    """
    masks = (128 >> (needles & 7)).astype(np.uint8)
    flags = sketches.view(np.uint8)[texts[:, None], needles >> 3] & masks
    return np.asarray(flags.all(axis=1) & (needles[:, 0] >= 0))


@dataclass(frozen=True, slots=True)
class Joint:
    """`size` tokens that stand from place `first` on at the end of one text and from place `second` on at the
    beginning of the other.
    """

    first: int
    second: int
    size: int


def joint(first: str, second: str) -> Joint | None:
    """What one text ends with and the other begins with, given their lines of tokens; None where there is nothing such
    or one holds the other.
    """
    for skipped in range(min(CUT, len(second) - SHORTEST) + 1):
        head = second[skipped : skipped + SHORTEST]
        place = first.find(head, skipped + 1)
        while place >= 0:
            size = _common(first, place, second, skipped)
            if place + size + CUT >= len(first) and skipped + size < len(second):
                return Joint(place, skipped, size)
            place = first.find(head, place + 1)
    return None


def _common(a: str, i: int, b: str, j: int) -> int:
    """How many tokens are the same from two places on."""
    size, most = SHORTEST, min(len(a) - i, len(b) - j)
    while size < most and a[i + size] == b[j + size]:
        size += 1
    return size
