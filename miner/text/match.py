"""Does a passage match a relevant passage? Two kinds of rule, which hold for every setting.

Same: by id, by equal text, by equal text without presentation; a fact, never off. Near: a copy that differs, by the
judgment of copies.py, whose thresholds can be changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from miner.data import Bool, Int64, UInt8, UInt64
from miner.text.copies import NEAR_COPY
from miner.text.fold import Folded, fold_all
from miner.text.near_copies import NearCopies

LOWEST = 0.4
"""Share of the shorter text's shingles that a copy has in common with the longer one, at least."""
PAIRS = 4096
"""Pairs of texts whose sketches are compared at once."""


class Match(IntEnum):
    """Why a candidate can never be a negative of its query: the same as something, or a near copy."""

    NONE = 0
    SAME_ID = 1
    SAME_TEXT = 2
    SAME_PRESENTED = 3
    QUERY = 4
    BLANK = 5
    DUPLICATE = 6
    NEAR_COPY = NEAR_COPY


NONE, QUERY, BLANK, DUPLICATE = int(Match.NONE), int(Match.QUERY), int(Match.BLANK), int(Match.DUPLICATE)


@dataclass(frozen=True, slots=True)
class MatchRequest:
    """Texts that may become negatives of a query, beside what they must not match."""

    query: str
    candidates: Sequence[str]
    relevant: Sequence[str]
    taken: Sequence[str] = ()
    """Negatives that the query has already."""


def match(asked: MatchRequest, near: NearCopies) -> UInt8:
    """A Match code for each candidate, ids aside; DUPLICATE for what is the same as one of `taken`, or as an
    earlier candidate that matches nothing, presentation aside.
    """
    return next(match_all([asked], near))


def match_all(asked: Sequence[MatchRequest], near: NearCopies) -> Iterator[UInt8]:
    """As match for each, with the work that texts have in common done once."""
    every = [text for each in asked for text in (each.query, *each.taken, *each.candidates, *each.relevant)]
    texts = ComparedTexts.of(every)
    for each in asked:
        ours, theirs = texts.rows(each.candidates), texts.rows(dict.fromkeys(each.relevant))
        codes = np.zeros(len(ours), np.uint8)
        codes[np.isin(texts.same[ours], texts.same[theirs])] = Match.SAME_PRESENTED
        codes[np.isin(ours, theirs)] = Match.SAME_TEXT
        _judge_near(codes, ours, theirs, texts, near)
        _judge_alone(codes, ours, texts, texts.row[each.query], texts.rows(each.taken))
        yield codes


def _judge_near(codes: UInt8, ours: Int64, theirs: Int64, texts: ComparedTexts, near: NearCopies) -> None:
    """Add which candidates are near copies of a relevant passage."""
    for other, places in texts.possible(theirs, ours, codes == NONE):
        left = places[codes[places] == NONE]
        if len(left):
            known = texts.folded[theirs[other]].text
            copies = near.among([texts.folded[row].text for row in ours[left].tolist()], known)
            codes[left[copies]] = Match.NEAR_COPY


def _judge_alone(codes: UInt8, rows: Int64, texts: ComparedTexts, query: int, taken: Int64) -> None:
    """Add what is wrong with candidates apart from the relevant passages."""
    if texts.blank.any():
        codes[(codes == NONE) & texts.blank[rows]] = BLANK
    codes[(codes == NONE) & (texts.same[rows] == texts.same[query])] = QUERY
    if len(taken) or len(set(texts.same[rows].tolist())) < len(rows):
        codes[_repeats(texts.same[rows], codes == NONE, set(texts.same[taken].tolist()))] = DUPLICATE


@dataclass(frozen=True, slots=True)
class ComparedTexts:
    """Distinct texts with the numbers that tell at a glance which of them cannot match."""

    row: dict[str, int]
    folded: Sequence[Folded]
    same: Int64
    """[T] a number for each text: texts that fold to the same have the same."""
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
        sketches = np.stack([each.sketch for each in folded]) if folded else np.empty((0, 0), np.uint64)
        least = np.bitwise_count(sketches).sum(axis=1, dtype=np.int64)
        return cls(
            row={text: i for i, text in enumerate(distinct)},
            folded=folded,
            same=_numbered(folded),
            blank=np.array([not text.strip() for text in distinct], np.bool_),
            sketches=sketches,
            least=least,
            spare=np.array([each.count for each in folded], np.int64) - least,
        )

    def rows(self, texts: Iterable[str]) -> Int64:
        return np.array([self.row[text] for text in texts], np.int64)

    def possible(self, a: Int64, b: Int64, free: Bool) -> Iterator[tuple[int, Int64]]:
        """Places in a [A] with those free places in b [B] whose texts may be near copies, in order.

        Every shingle in common sets a bit in common, unless another shingle of the same text sets that bit
        too; so there are at most as many in common as bits, and as many more as a text has shingles above
        its bits.
        """
        if not free.any():
            return
        most = self._common_bits(a, b) + np.minimum.outer(self.spare[a], self.spare[b])
        near = (most >= LOWEST * np.minimum.outer(self.least[a], self.least[b])) & free
        for place in np.flatnonzero(near.any(axis=1)).tolist():
            yield place, np.flatnonzero(near[place])

    def _common_bits(self, a: Int64, b: Int64) -> Int64:
        """[A, B] bits set in both sketches."""
        out, size = np.empty((len(a), len(b)), np.int64), max(1, PAIRS // max(1, len(a)))
        ours = self.sketches[a][:, None]
        for start in range(0, len(b), size):
            part = slice(start, start + size)
            counts = np.bitwise_count(ours & self.sketches[b[part]])
            out[:, part] = counts.sum(axis=-1, dtype=np.uint16)
        return out


def _numbered(folded: Sequence[Folded]) -> Int64:
    """[T] Keys are compared only where letters are equal, for they are dearer."""
    alike: dict[bytes, list[int]] = {}
    for place, each in enumerate(folded):
        alike.setdefault(each.letters, []).append(place)
    numbers = np.arange(len(folded))
    for places in alike.values():
        if len(places) > 1:
            first: dict[bytes, int] = {}
            for place in places:
                numbers[place] = first.setdefault(folded[place].key, place)
    return numbers


def _repeats(same: Int64, free: Bool, taken: set[int]) -> Bool:
    """Which of the free ones have a number that is taken or that an earlier free one has."""
    _, first = np.unique(same[free], return_index=True)
    repeats = free.copy()
    repeats[np.flatnonzero(free)[first]] = False
    if taken:
        repeats |= free & np.isin(same, list(taken))
    return repeats
