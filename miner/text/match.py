"""Does a passage match a relevant passage? The guards that hold for every setting.

Near copies are found by the resemblance of byte shingles (Broder 1997, "On the resemblance and containment
of documents").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from miner.data import Bool, Int64, UInt8, UInt64
from miner.text.fold import Folded, common, fold, fold_all, fold_words

RESEMBLANCE = 0.6
CONTAINMENT = 0.85
LOWEST = min(2 * RESEMBLANCE / (1 + RESEMBLANCE), CONTAINMENT)
"""Share of the shorter text's shingles that any match has in common with the longer one."""
CONTAINMENT_SHINGLES = 60
CONTAINMENT_RATIO = 10
WORD_BOUNDARY_BELOW = 16
PAIRS = 4096
"""Pairs of texts whose sketches are compared at once."""


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


@dataclass(frozen=True, slots=True)
class MatchRequest:
    """Texts that may become negatives of a query, beside what they must not match."""

    query: str
    candidates: Sequence[str]
    relevant: Sequence[str]
    taken: Sequence[str] = ()
    """Negatives that the query has already."""


def match(asked: MatchRequest) -> UInt8:
    """A Match code for each candidate, ids aside; DUPLICATE for what folds to the same as one of `taken` or
    as an earlier candidate that matches nothing.
    """
    return next(match_all([asked]))


def match_all(asked: Sequence[MatchRequest]) -> Iterator[UInt8]:
    """As match for each, with the work that texts have in common done once."""
    texts = ComparedTexts.of([text for each in asked for text in (*each.candidates, *each.relevant)])
    for each in asked:
        ours, theirs = texts.rows(each.candidates), texts.rows(dict.fromkeys(each.relevant))
        codes = np.zeros(len(ours), np.uint8)
        for other, candidate in texts.possible(theirs, ours):
            if not codes[candidate]:
                codes[candidate] = compare(texts.folded[ours[candidate]], texts.folded[theirs[other]])
        _judge_alone(codes, ours, texts, fold(each.query), {fold(text) for text in each.taken})
        yield codes


def _judge_alone(codes: UInt8, rows: Int64, texts: ComparedTexts, query: bytes, taken: set[bytes]) -> None:
    """Add what is wrong with candidates apart from the relevant passages."""
    if texts.any_blank:
        codes[(codes == NONE) & texts.blank[rows]] = BLANK
    if (number := texts.numbers.get(query)) is not None:
        codes[(codes == NONE) & (texts.same[rows] == number)] = QUERY
    if taken or len(set(texts.same[rows].tolist())) < len(rows):
        known = {texts.numbers[key] for key in taken if key in texts.numbers}
        codes[_repeats(texts.same[rows], codes == NONE, known)] = DUPLICATE


def compare(candidate: Folded, relevant: Folded) -> Match:
    """How a candidate matches one relevant passage; NONE if it does not."""
    if candidate.text == relevant.text:
        return Match.SAME_TEXT
    if candidate.key == relevant.key:
        return Match.SAME_FOLDED
    if contains(candidate, relevant) or contains(relevant, candidate):
        return Match.CONTAINS
    a, b = candidate.shingles, relevant.shingles
    return Match.NEAR_COPY if _near(common(a, b), len(a), len(b)) else Match.NONE


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


@dataclass(frozen=True, slots=True)
class ComparedTexts:
    """Distinct texts with the numbers that tell at a glance which of them cannot match."""

    row: dict[str, int]
    folded: Sequence[Folded]
    numbers: dict[bytes, int]
    """Keys to numbers."""
    same: Int64
    """[T] the number of each text's key: texts that fold to the same have the same."""
    blank: Bool
    """[T] whether there is nothing but space."""
    sketches: UInt64
    """[T, BITS / 64]"""
    least: Int64
    """[T] bits set in the sketch: there are at least so many distinct shingles."""
    spare: Int64
    """[T] at most so many distinct shingles share their bit with another one."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> ComparedTexts:
        distinct = list(dict.fromkeys(texts))
        folded = fold_all(distinct)
        numbers = {key: i for i, key in enumerate(dict.fromkeys(each.key for each in folded))}
        sketches = np.stack([each.sketch for each in folded]) if folded else np.empty((0, 0), np.uint64)
        least = np.bitwise_count(sketches).sum(axis=1, dtype=np.int64)
        return cls(
            row={text: i for i, text in enumerate(distinct)},
            folded=folded,
            numbers=numbers,
            same=np.array([numbers[each.key] for each in folded], np.int64),
            blank=np.array([not text.strip() for text in distinct], np.bool_),
            sketches=sketches,
            least=least,
            spare=np.array([each.count for each in folded], np.int64) - least,
        )

    @property
    def any_blank(self) -> bool:
        return b"" in self.numbers

    def rows(self, texts: Iterable[str]) -> Int64:
        return np.array([self.row[text] for text in texts], np.int64)

    def possible(self, a: Int64, b: Int64) -> list[tuple[int, int]]:
        """Pairs of places in a [A] and b [B] whose texts `compare` may find to match, in order.

        Every shingle in common sets a bit in common, unless another shingle of the same text sets that bit
        too; so there are at most as many in common as bits, and as many more as a text has shingles above
        its bits. A match of any kind has three quarters of the shorter text's shingles in common.
        """
        most = self._common_bits(a, b) + np.minimum.outer(self.spare[a], self.spare[b])
        near = most >= LOWEST * np.minimum.outer(self.least[a], self.least[b])
        if not near.any():
            return []
        i, j = np.nonzero(near)
        closer = self._closer(a[i], b[j], most[i, j])
        return list(zip(i[closer].tolist(), j[closer].tolist(), strict=True))

    def _closer(self, a: Int64, b: Int64, common: Int64) -> Bool:
        """[N] as `_near` and `contains` have it, for N pairs with at most so many shingles in common."""
        small, large = np.minimum(self.least[a], self.least[b]), np.maximum(self.least[a], self.least[b])
        count = np.minimum(self.least[a] + self.spare[a], self.least[b] + self.spare[b])
        held = (count >= CONTAINMENT_SHINGLES) & (large <= CONTAINMENT_RATIO * count)
        resembling = (1 + RESEMBLANCE) * common >= RESEMBLANCE * (small + large)
        return np.asarray((common >= small) | resembling | (held & (common >= CONTAINMENT * small)))

    def _common_bits(self, a: Int64, b: Int64) -> Int64:
        """[A, B] bits set in both sketches."""
        out, size = np.empty((len(a), len(b)), np.int64), max(1, PAIRS // max(1, len(a)))
        ours = self.sketches[a][:, None]
        for start in range(0, len(b), size):
            part = slice(start, start + size)
            counts = np.bitwise_count(ours & self.sketches[b[part]])
            out[:, part] = counts.sum(axis=-1, dtype=np.uint16)
        return out


def _repeats(same: Int64, free: Bool, taken: set[int]) -> Bool:
    """Which of the free ones have a number that is taken or that an earlier free one has."""
    _, first = np.unique(same[free], return_index=True)
    repeats = free.copy()
    repeats[np.flatnonzero(free)[first]] = False
    if taken:
        repeats |= free & np.isin(same, list(taken))
    return repeats
