"""Is a passage a near copy of a relevant one? A judgment about what differs: a near copy says the same in what is
rare in the corpus, and nothing in it contrasts. See docs/guards.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from miner.data import Bool, Float64, Pool, UInt64
from miner.errors import ConfigError
from miner.spec import Spec, parse
from miner.text.align import align, seeds_of
from miner.text.code_blocks import CODE
from miner.text.contrast import contrasts
from miner.text.fold import folded
from miner.text.frequencies import GRAM, Frequencies, gram_hashes
from miner.text.side_by_side import Difference
from miner.text.tokens import TokenLine
from miner.text.windows import Joint, joined, joint

NEAR_COPY = 7
"""The code of Match (match.py)."""
LEAST = 8
"""Tokens below which a text is too short to be recognised in parts."""
RARE = 0.25
"""Mean weight of tokens below which they are nothing but template: twenty passages hold them."""
CUT_OFF = 2 * LEAST
"""Tokens that windows share which were cut within a sentence, whatever template holds them."""
OWN, HALF = 12, 0.5
"""Tokens that no more than a few passages hold, and their share, one of which a part in common must reach: a paragraph
of several pages does not tell which of them is meant."""
RUN = 10
"""Weight of the shortest run that makes a passage an excerpt."""
LOOKED_AT = 6 * GRAM
"""Tokens below which runs of four tell nothing."""
MUCH = 0.3
"""Share of the weight of a text that runs of four in common must have to look closer."""


@dataclass(frozen=True, repr=False)
class Copies(Spec):
    """When a passage without a contrast is a near copy: if it holds at least the share `cover` of what is rare in
    the relevant passage, or that passage the same of what is rare in it; if one run of both is at least the share
    `run` of the relevant passage; or if one of them ends with what the other begins with, at least `overlap` of the
    shorter one. Raises ConfigError for shares that are none.
    """

    name: ClassVar[str] = "copies"
    reason: ClassVar[str] = "a near copy of a relevant passage: what differs says nothing else"
    cover: float = 0.75
    run: float = 0.5
    overlap: float = 0.2

    def keep(self, pool: Pool) -> Bool:
        return np.not_equal(pool.match, NEAR_COPY)

    def __post_init__(self) -> None:
        super().__post_init__()
        for option in ("cover", "run", "overlap"):
            if not 0 < getattr(self, option) <= 1:
                raise ConfigError(
                    f"copies: {option} is {getattr(self, option)!r}; expected more than 0, up to 1"
                )


def parse_copies(text: str) -> Copies:
    """The rule that 'copies(option=value)' spells. Raises ConfigError."""
    return parse(text, {Copies.name: Copies}, "rule")


@dataclass(frozen=True, slots=True)
class CopyVerdict:
    """How a candidate stands to a relevant passage."""

    copy: bool
    cover: float = 0.0
    """Share of the relevant passage's weight that the candidate has too."""
    run: float = 0.0
    """Of the relevant passage, the longest run."""
    contrasts: Sequence[Difference] = ()


NOTHING = CopyVerdict(False)


class Weighed:
    """A text with all that judging it takes, computed when it is first needed."""

    def __init__(self, tokens: TokenLine, frequencies: Frequencies) -> None:
        self.tokens, self.frequencies = tokens, frequencies

    @cached_property
    def letters(self) -> bytes:
        """Of the text, without what is between them (fold.py)."""
        return folded(self.tokens.text).letters

    @cached_property
    def grams(self) -> UInt64:
        """[len - 3] hashes of the runs of four."""
        return gram_hashes(self.tokens.line)

    @cached_property
    def weights(self) -> Float64:
        """[len]"""
        return self.frequencies.weights(self.grams, len(self.tokens))

    @cached_property
    def total(self) -> float:
        return float(self.weights.sum())

    @cached_property
    def sorted(self) -> tuple[UInt64, Float64]:
        """The runs of four in order of their hashes, with their weights."""
        order = np.argsort(self.grams, kind="stable")
        return self.grams[order], self.weights[: len(self.grams)][order]

    @cached_property
    def seeds(self) -> frozenset[str]:
        return seeds_of(self.tokens.line)

    def mass(self, same: bytearray) -> float:
        """The weight of what stands at the places that are the same."""
        return float(self.weights[np.frombuffer(same, np.bool_)].sum())


def judge_copy(candidate: Weighed, relevant: Weighed, copies: Copies, every: bool = True) -> CopyVerdict:
    """Whether the candidate is a near copy of the relevant passage. Unless `every` contrast is asked for, the first
    one decides, and no more is told.
    """
    if not (len(candidate.tokens) and len(relevant.tokens)):
        return NOTHING
    window = _is_window(candidate, relevant, copies.overlap)
    if window and not every:
        return CopyVerdict(True)
    a, b = candidate.tokens, relevant.tokens
    alignment = align(a, b, relevant.seeds)
    both = contrasts(a, b, alignment, relevant.frequencies, every)
    if both.contrasts and not every:
        return NOTHING
    weights = relevant.weights
    runs = [
        float(weights[run.b : run.b + run.size].sum())
        for run in (*alignment.chain, *alignment.moved)
        if not _in_code(b, run.b, run.size)
    ]
    same = both.same_b.count(1)
    own = _own(weights[np.frombuffer(both.same_b, np.bool_)])
    masses = candidate.mass(both.same_a), relevant.mass(both.same_b)
    common = Common(len(b), same, own, *masses, max(runs, default=0.0))
    cover, run = common.relevant / relevant.total, common.run / relevant.total
    held = _held(common, cover, common.candidate / candidate.total, run, copies)
    copy = window or (held and not both.contrasts)
    return CopyVerdict(copy, cover, run, () if copy else tuple(both.contrasts))


def _in_code(text: TokenLine, start: int, size: int) -> bool:
    """Whether most of a run is code, of which many statements are alike: a quotation must be of the whole of it."""
    return bool(text.code) and 2 * text.code.places.count(CODE, start, start + size) > size


def _is_window(candidate: Weighed, relevant: Weighed, least: float) -> bool:
    """Whether one text ends with what the other begins with, and no template holds that or both were cut within a
    sentence: windows over one document.
    """
    if not joined(candidate.letters, relevant.letters):
        return False
    a, b = candidate.tokens, relevant.tokens
    behind, before = joint(b.line, a.line), joint(a.line, b.line)
    shared = [(behind.first, behind.size, _cut(b, a))] if behind and _cut_once(b, a, behind) else []
    shared += [(before.second, before.size, _cut(a, b))] if before and _cut_once(a, b, before) else []
    for start, size, cut in shared:
        mass = float(relevant.weights[start : start + size].sum())
        own = mass >= max(LEAST, RARE * size) or (cut and size >= CUT_OFF)
        if own and size >= least * min(len(a), len(b)):
            return True
    return False


def _cut_once(first: TokenLine, second: TokenLine, place: Joint) -> bool:
    """Whether what both hold begins with a capital in both or in neither, and ends a sentence in both if it does so in
    the first: what begins or ends a sentence here and stands within one there was written twice.
    """
    to_the_end = place.first + place.size == len(first)
    if first.closed and to_the_end and place.second + place.size not in second.sentences:
        return False
    if first.one_case or second.one_case:
        return True
    return first.capital(place.first) == second.capital(place.second)


def _cut(first: TokenLine, second: TokenLine) -> bool:
    """Whether one text ends and the other begins within a sentence, as windows do and pages do not."""
    return not (first.closed or second.one_case or second.capital(0))


@dataclass(frozen=True, slots=True)
class Common:
    """What two texts have in common: their tokens, and the weight of what is the same in each and in one run."""

    relevant_tokens: int
    tokens: int
    """Of the relevant passage, what is the same."""
    own: bool
    """Whether that is its own, not some pages'."""
    candidate: float
    relevant: float
    run: float


def _held(common: Common, cover: float, within: float, run: float, copies: Copies) -> bool:
    """Whether enough of either text stands in the other one, contrasts aside. What weighs little, a short text or
    one that is nothing but template, must be the same on both sides.
    """
    if cover >= copies.cover and within >= copies.cover:
        return True
    if common.relevant_tokens < LEAST or common.relevant < RARE * common.tokens or not common.own:
        return False
    if common.relevant >= LEAST and (cover >= copies.cover or (run >= copies.run and common.run >= RUN)):
        return True
    return within >= copies.cover and common.candidate >= (LEAST if within < 1 else LEAST // 2)


def _own(weights: Float64) -> bool:
    """Whether enough of what two texts share, by its weights, is in no template."""
    return int(np.count_nonzero(weights >= 1)) >= min(OWN, HALF * len(weights))


def close(candidates: Sequence[Weighed], relevant: Weighed) -> Bool:
    """[C] whether runs of four in common weigh enough to look closer: much of either text. Short texts are always
    looked at.
    """
    known, words = relevant.tokens, np.array([len(each.tokens) for each in candidates], np.int64)
    found = (words > 0) & (np.minimum(words, len(known)) < LOOKED_AT) & (len(known) > 0)
    long = [candidates[i] for i in np.flatnonzero(~found & (words >= LOOKED_AT)).tolist()]
    if not long or len(known) < LOOKED_AT:
        return found
    hashes, weights = relevant.sorted
    grams = np.concatenate([each.grams for each in long])
    places = np.minimum(np.searchsorted(hashes, grams), len(hashes) - 1)
    there = hashes[places] == grams
    ours = np.concatenate([each.weights[: len(each.grams)] for each in long])
    ends = np.cumsum([len(each.grams) for each in long])
    starts = ends - np.array([len(each.grams) for each in long])
    totals = np.array([each.total for each in long])
    of_relevant = np.add.reduceat(np.where(there, weights[places], 0.0), starts)
    of_candidate = np.add.reduceat(np.where(there, ours, 0.0), starts)
    found[~found & (words >= LOOKED_AT)] = (of_relevant >= MUCH * relevant.total) | (
        of_candidate >= MUCH * totals
    )
    return found
