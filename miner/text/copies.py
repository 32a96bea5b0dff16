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
from miner.text.align import CommonRun, align, seeds_of
from miner.text.contrast import Difference, contrasts
from miner.text.frequencies import GRAM, Frequencies, gram_hashes
from miner.text.tokens import TokenLine

NEAR_COPY = 7
"""The code of Match (match.py)."""
LEAST = 8
"""Tokens below which a text is too short to be recognised in parts."""
RARE = 0.25
"""Mean weight of tokens below which they are nothing but template: twenty passages hold them."""
WINDOW = 30
"""Tokens that two texts overlap in whatever they weigh."""
RUN = 10
"""Weight of the shortest run that makes a passage an excerpt."""
LOOKED_AT = 6 * GRAM
"""Tokens below which runs of four tell nothing."""
GLIMPSE = 0.15
"""Share of the weight of either text that runs of four in common must have to look closer."""


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
    def seeds(self) -> dict[str, list[int]]:
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
    a, b = candidate.tokens, relevant.tokens
    alignment = align(a, b, relevant.seeds)
    both = contrasts(a, b, alignment, relevant.frequencies, every)
    if both.contrasts and not every:
        return NOTHING
    weights = relevant.weights
    runs = [float(weights[run.b : run.b + run.size].sum()) for run in (*alignment.chain, *alignment.moved)]
    same = both.same_b.count(1)
    common = Common(
        len(b), same, candidate.mass(both.same_a), relevant.mass(both.same_b), max(runs, default=0.0)
    )
    cover, run = common.relevant / relevant.total, common.run / relevant.total
    held = _held(common, cover, common.candidate / candidate.total, run, copies)
    held = held or any(
        _overlapping(each, len(a), len(b), copies.overlap) and (each.size >= WINDOW or mass >= LEAST)
        for each, mass in zip((*alignment.chain, *alignment.moved), runs, strict=True)
    )
    return CopyVerdict(held and not both.contrasts, cover, run, tuple(both.contrasts))


def _overlapping(run: CommonRun, a: int, b: int, least: float) -> bool:
    """Whether one text ends with what the other begins with: windows over one document, whatever they weigh."""
    if run.size < least * min(a, b) or run.size < LEAST or run.size == min(a, b):
        return False
    return (run.a == 0 and run.b + run.size == b) or (run.b == 0 and run.a + run.size == a)


@dataclass(frozen=True, slots=True)
class Common:
    """What two texts have in common: their tokens, and the weight of what is the same in each and in one run."""

    relevant_tokens: int
    tokens: int
    """Of the relevant passage, what is the same."""
    candidate: float
    relevant: float
    run: float


def _held(common: Common, cover: float, within: float, run: float, copies: Copies) -> bool:
    """Whether enough of either text stands in the other one, contrasts aside. What weighs little, a short text or
    one that is nothing but template, must be the same on both sides.
    """
    if cover >= copies.cover and within >= copies.cover:
        return True
    if common.relevant_tokens < LEAST or common.relevant < RARE * common.tokens:
        return False
    if common.relevant >= LEAST and (cover >= copies.cover or (run >= copies.run and common.run >= RUN)):
        return True
    return within >= copies.cover and common.candidate >= (LEAST if within < 1 else LEAST // 2)


def close(candidates: Sequence[Weighed], relevant: Weighed) -> Bool:
    """[C] whether runs of four in common weigh enough to look closer; short texts are always looked at."""
    known, words = relevant.tokens, np.array([len(each.tokens) for each in candidates], np.int64)
    found = (words > 0) & (np.minimum(words, len(known)) < LOOKED_AT) & (len(known) > 0)
    long = np.flatnonzero(~found & (words >= LOOKED_AT))
    if not len(long) or len(known) < LOOKED_AT:
        return found
    hashes, weights = relevant.sorted
    grams = np.concatenate([candidates[i].grams for i in long.tolist()])
    places = np.minimum(np.searchsorted(hashes, grams), len(hashes) - 1)
    common = np.where(hashes[places] == grams, weights[places], 0.0)
    sums = np.add.reduceat(common, np.cumsum(words[long] - GRAM + 1) - (words[long] - GRAM + 1))
    totals = np.array([candidates[i].total for i in long.tolist()])
    found[long] = sums >= GLIMPSE * np.minimum(totals, relevant.total)
    return found
