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
    lines = [RequestPairs.of(each, texts) for each in asked]
    copies = _near_copies(lines, texts, near)
    for each, line in zip(asked, lines, strict=True):
        known = copies[line.pairs]
        line.codes[line.columns[known]] = Match.NEAR_COPY
        _judge_alone(line.codes, line.ours, texts, texts.row[each.query], texts.rows(each.taken))
        yield line.codes


@dataclass(slots=True)
class RequestPairs:
    """One request: rows [K] of its candidates, their codes [K], and N pairs of texts that may be copies."""

    ours: Int64
    codes: UInt8
    columns: Int64
    """[N] the candidate of each pair."""
    keys: Int64
    """[N] relevant passage and candidate of each pair as one number."""
    windows: Bool
    """[N] which of the pairs are joined as windows are."""
    pairs: Int64
    """[N] where each pair stands among all those of all requests."""

    @classmethod
    def of(cls, asked: MatchRequest, texts: ComparedTexts) -> RequestPairs:
        ours, theirs = texts.rows(asked.candidates), texts.rows(dict.fromkeys(asked.relevant))
        codes = np.zeros(len(ours), np.uint8)
        codes[np.equal.outer(texts.same[theirs], texts.same[ours]).any(axis=0)] = Match.SAME_PRESENTED
        codes[np.equal.outer(theirs, ours).any(axis=0)] = Match.SAME_TEXT
        places, columns, windows = texts.possible(theirs, ours, codes == NONE)
        return cls(ours, codes, columns, theirs[places] * len(texts.folded) + ours[columns], windows, places)


def _near_copies(lines: Sequence[RequestPairs], texts: ComparedTexts, near: NearCopies) -> Bool:
    """[all distinct pairs] which are near copies; each line is told where its pairs stand."""
    if not lines:
        return np.empty(0, np.bool_)
    every = np.concatenate([line.keys for line in lines])
    keys, first, back = np.unique(every, return_index=True, return_inverse=True)
    windows = np.concatenate([line.windows for line in lines])[first]
    ends = np.cumsum([len(line.keys) for line in lines])
    for line, pairs in zip(lines, np.split(back, ends[:-1]), strict=True):
        line.pairs = pairs
    relevant, candidates = np.divmod(keys, max(1, len(texts.folded)))
    starts = np.flatnonzero(np.diff(relevant, prepend=-1))
    found = [
        near.among([texts.folded[row] for row in candidates[group].tolist()], known, windows[group])
        for group, known in (
            (slice(start, stop), texts.folded[relevant[start]])
            for start, stop in pairwise([*starts.tolist(), len(keys)])
        )
    ]
    return np.concatenate(found) if found else np.empty(0, np.bool_)


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

    def possible(self, a: Int64, b: Int64, free: Bool) -> tuple[Int64, Int64, Bool]:
        """Places in a [A] and free places in b [B] of the pairs of texts that may be near copies, and which of them are
        joined as windows are."""
        least = np.minimum.outer(self.least[a], self.least[b])
        near = self._common_bits(a, b) >= LOWEST * least
        on = may_go_on(self.sketches, a, self.needles[b]) | may_go_on(self.sketches, b, self.needles[a]).T
        on &= free & (self.needles[a][:, None] != self.needles[b]).any(axis=-1)
        for i, j in np.argwhere(on).tolist():
            on[i, j] = joined(self.folded[a[i]].letters, self.folded[b[j]].letters)
        rows, columns = np.nonzero(on | (near & free))
        return rows, columns, on[rows, columns]

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
