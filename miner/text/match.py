"""Does a passage match a relevant passage? Two kinds of rule, which hold for every setting.

Same: by id, by equal text, by equal text without presentation; a fact, never off. Near: a copy that differs, by the
judgment of copies.py, whose thresholds can be changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np

from miner.data import Bool, Int64, UInt8, UInt64
from miner.text.copies import NEAR_COPY
from miner.text.fold import Folded, fold_all
from miner.text.near_copies import NearCopies
from miner.text.windows import joined, may_go_on, needles_of

LOWEST = 0.4
"""Share of the bits of the shorter text's sketch that a copy has in common with the longer one, at least: an excerpt
of half of it, and what any two texts of a language have in common."""
PAIRS, AT_ONCE = 256, 2**17
"""Pairs of texts whose sketches are compared at once, and that are told apart at once in all else."""


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
    for some in _in_turn(asked):
        pairs = ComparedPairs.of(some, texts)
        codes = _told_apart(pairs, texts, near)
        ends = np.cumsum([len(each.candidates) for each in some])[:-1]
        for each, mine, rows in zip(some, np.split(codes, ends), np.split(pairs.rows, ends), strict=True):
            _judge_alone(mine, rows, texts, texts.row[each.query], texts.rows(each.taken))
            yield mine


def _in_turn(asked: Sequence[MatchRequest]) -> Iterator[Sequence[MatchRequest]]:
    """Runs of requests of so many pairs that memory holds them with ease."""
    start = pairs = 0
    for place, each in enumerate(asked):
        pairs += len(each.candidates) * len(each.relevant)
        if pairs > AT_ONCE:
            yield asked[start : place + 1]
            start, pairs = place + 1, 0
    if start < len(asked):
        yield asked[start:]


@dataclass(frozen=True, slots=True)
class ComparedPairs:
    """Of all requests, laid end to end: rows [K] of their candidates, and N pairs of a relevant passage with a
    candidate.
    """

    rows: Int64
    relevant: Int64
    """[N] rows."""
    columns: Int64
    """[N] among the candidates."""

    @classmethod
    def of(cls, asked: Sequence[MatchRequest], texts: ComparedTexts) -> ComparedPairs:
        relevant = [list(dict.fromkeys(each.relevant)) for each in asked]
        rows = texts.rows([text for each in asked for text in each.candidates])
        theirs = texts.rows([text for each in relevant for text in each])
        counts = np.array([len(each.candidates) for each in asked], np.int64)
        lines = np.repeat(np.arange(len(asked)), [len(each) for each in relevant])
        starts, ends = (np.cumsum(counts) - counts)[lines], np.cumsum(counts[lines])
        columns = np.arange(ends[-1] if len(ends) else 0, dtype=np.int64)
        columns += np.repeat(starts - ends + counts[lines], counts[lines])
        return cls(rows, np.repeat(theirs, counts[lines]), columns)

    @property
    def candidates(self) -> Int64:
        """[N] rows."""
        return self.rows[self.columns]

    def part(self, places: Int64 | Bool) -> ComparedPairs:
        return ComparedPairs(self.rows, self.relevant[places], self.columns[places])


def _told_apart(pairs: ComparedPairs, texts: ComparedTexts, near: NearCopies) -> UInt8:
    """[all candidates] how they stand to the relevant passages."""
    codes, candidates = np.zeros(len(pairs.rows), np.uint8), pairs.candidates
    codes[pairs.columns[texts.same[pairs.relevant] == texts.same[candidates]]] = Match.SAME_PRESENTED
    codes[pairs.columns[pairs.relevant == candidates]] = Match.SAME_TEXT
    free = pairs.part(codes[pairs.columns] == NONE)
    places, windows = texts.possible(free.relevant, free.candidates)
    left = free.part(places)
    codes[left.columns[_near_copies(left, windows, texts, near)]] = Match.NEAR_COPY
    return codes


def _near_copies(pairs: ComparedPairs, windows: Bool, texts: ComparedTexts, near: NearCopies) -> Bool:
    """[N] which pairs are near copies; `windows` [N] are joined. What comes again is judged once."""
    if not len(pairs.columns):
        return np.empty(0, np.bool_)
    every = pairs.relevant * len(texts.folded) + pairs.candidates
    keys, first, back = np.unique(every, return_index=True, return_inverse=True)
    relevant, candidates = np.divmod(keys, len(texts.folded))
    starts, joined_ones = np.flatnonzero(np.diff(relevant, prepend=-1)), windows[first]
    found = [
        near.among([texts.folded[row] for row in candidates[group].tolist()], known, joined_ones[group])
        for group, known in (
            (slice(start, stop), texts.folded[relevant[start]])
            for start, stop in pairwise([*starts.tolist(), len(keys)])
        )
    ]
    return np.asarray(np.concatenate(found)[back], np.bool_)


def _judge_alone(codes: UInt8, rows: Int64, texts: ComparedTexts, query: int, taken: Int64) -> None:
    """Add what is wrong with candidates apart from the relevant passages."""
    same = texts.same[rows]
    if texts.blank.any():
        codes[(codes == NONE) & texts.blank[rows]] = BLANK
    codes[(codes == NONE) & (same == texts.same[query])] = QUERY
    if len(taken) or len(set(same.tolist())) < len(rows):
        codes[_repeats(same, codes == NONE, set(texts.same[taken].tolist()))] = DUPLICATE


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
    """[T] bits set in the sketch."""
    needles: Int64
    """[T, 4] of windows.py."""

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
            needles=needles_of(folded),
        )

    def rows(self, texts: Iterable[str]) -> Int64:
        return np.array([self.row[text] for text in texts], np.int64)

    def possible(self, a: Int64, b: Int64) -> tuple[Int64, Bool]:
        """Which pairs of texts a [N] and b [N] may be near copies, and which of those are joined as windows are."""
        on = may_go_on(self.sketches, a, self.needles[b]) | may_go_on(self.sketches, b, self.needles[a])
        on &= (self.needles[a] != self.needles[b]).any(axis=1)
        for place in np.flatnonzero(on).tolist():
            on[place] = joined(self.folded[a[place]].letters, self.folded[b[place]].letters)
        least = np.minimum(self.least[a], self.least[b])
        places = np.flatnonzero(on | (self._common_bits(a, b) >= LOWEST * least))
        return places, on[places]

    def _common_bits(self, a: Int64, b: Int64) -> Int64:
        """[N] bits set in both sketches."""
        out = np.empty(len(a), np.int64)
        for start in range(0, len(a), PAIRS):
            part = slice(start, start + PAIRS)
            both = self.sketches[a[part]]
            both &= self.sketches[b[part]]
            out[part] = np.bitwise_count(both).sum(axis=1, dtype=np.uint16)
        return out


def _numbered(folded: Sequence[Folded]) -> Int64:
    """[T] Keys are compared only where letters are equal, for they are dearer."""
    numbers, seen, alike = np.arange(len(folded)), dict[bytes, int](), dict[int, list[int]]()
    for place, each in enumerate(folded):
        first = seen.setdefault(each.letters, place)
        if first != place:
            alike.setdefault(first, [first]).append(place)
    for places in alike.values():
        known = dict[bytes, int]()
        for place in places:
            numbers[place] = known.setdefault(folded[place].key, place)
    return numbers


def _repeats(same: Int64, free: Bool, taken: set[int]) -> Bool:
    """Which of the free ones have a number that is taken or that an earlier free one has."""
    _, first = np.unique(same[free], return_index=True)
    repeats = free.copy()
    repeats[np.flatnonzero(free)[first]] = False
    if taken:
        repeats |= free & np.isin(same, list(taken))
    return repeats
