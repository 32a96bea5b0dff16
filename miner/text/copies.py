"""Is a passage a near copy of a relevant one? A judgment about what differs: a near copy says the same in what is
rare in the corpus, and nothing in it contrasts. See docs/guards.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import ClassVar

from miner.errors import ConfigError
from miner.spec import Spec
from miner.text.align import align, seeds_of
from miner.text.contrast import Difference, contrasts
from miner.text.frequencies import GRAM, Frequencies
from miner.text.tokens import Tokens

LEAST = 8
"""Tokens below which a text is too short to be recognised in parts."""
RUN = 10
"""Weight of the shortest run that makes a passage an excerpt."""
GLIMPSE = 0.1
"""Share of the weight of either text that runs of four in common must have to look closer."""


@dataclass(frozen=True, repr=False)
class Copies(Spec):
    """When a passage without a contrast is a near copy: if it holds a share of at least `cover` of what is rare
    in the relevant passage, or that passage of what is rare in it, or one run of both at least `run` of the
    relevant passage. Raises ConfigError for shares that are none.
    """

    name: ClassVar[str] = "copies"
    cover: float = 0.75
    run: float = 0.4

    def __post_init__(self) -> None:
        for option in ("cover", "run"):
            if not 0 < getattr(self, option) <= 1:
                raise ConfigError(f"copies: {option} is {getattr(self, option)!r}; expected more than 0, up to 1")


@dataclass(frozen=True, slots=True)
class Judged:
    """How a candidate stands to a relevant passage."""

    copy: bool
    cover: float = 0.0
    """Share of the relevant passage's weight that the candidate has too."""
    run: float = 0.0
    """Of the relevant passage, the longest run."""
    contrasts: Sequence[Difference] = ()


NOTHING = Judged(False)


class Weighed:
    """A text with all that judging it takes, computed when it is first needed."""

    def __init__(self, tokens: Tokens, frequencies: Frequencies) -> None:
        self.tokens, self.frequencies = tokens, frequencies

    @cached_property
    def weights(self) -> list[float]:
        found: list[float] = self.frequencies.weights(self.tokens).tolist()
        return found

    @cached_property
    def sums(self) -> list[float]:
        """[len + 1] of the weights before each place."""
        return list(accumulate(self.weights, initial=0.0))

    @cached_property
    def seeds(self) -> dict[str, list[int]]:
        return seeds_of(self.tokens.line)

    @property
    def total(self) -> float:
        return self.sums[-1]

    def mass(self, same: bytearray) -> float:
        """The weight of what stands at the places that are the same."""
        return sum(weight for weight, here in zip(self.weights, same, strict=True) if here)


def judge_copy(candidate: Weighed, relevant: Weighed, copies: Copies) -> Judged:
    """Whether the candidate is a near copy of the relevant passage."""
    if not _close(candidate, relevant):
        return NOTHING
    a, b = candidate.tokens, relevant.tokens
    alignment = align(a, b, relevant.seeds)
    sums = relevant.sums
    runs = [sums[run.b + run.size] - sums[run.b] for run in (*alignment.chain, *alignment.moved)]
    compared = contrasts(a, b, alignment, relevant.frequencies)
    common = Common(
        len(a), len(b), candidate.mass(compared.same_a), relevant.mass(compared.same_b), max(runs, default=0.0)
    )
    cover, run = common.relevant / relevant.total, common.run / relevant.total
    held = _held(common, cover, common.candidate / candidate.total, run, copies)
    return Judged(held and not compared.contrasts, cover, run, tuple(compared.contrasts))


@dataclass(frozen=True, slots=True)
class Common:
    """What two texts have in common: their tokens, and the weight of what is the same in each and in one run."""

    candidate_tokens: int
    relevant_tokens: int
    candidate: float
    relevant: float
    run: float


def _held(common: Common, cover: float, within: float, run: float, copies: Copies) -> bool:
    """Whether enough of either text stands in the other one, contrasts aside. What weighs little, a short text or
    one that is nothing but template, must be the same on both sides.
    """
    if cover >= copies.cover and within >= copies.cover:
        return True
    if common.relevant_tokens < LEAST:
        return False
    if common.relevant >= LEAST and (cover >= copies.cover or (run >= copies.run and common.run >= RUN)):
        return True
    return within >= copies.cover and common.candidate >= (LEAST if within < 1 else LEAST // 2)


def _close(candidate: Weighed, relevant: Weighed) -> bool:
    """Whether runs of four in common weigh enough to look closer; short texts are always looked at."""
    a, b = candidate.tokens, relevant.tokens
    if min(len(a), len(b)) < 3 * GRAM:
        return bool(a.line and b.line)
    common = a.grams.keys() & b.grams.keys()
    if not common:
        return False
    weights, places = relevant.weights, b.grams
    weight = sum(weights[places[gram]] for gram in common)
    return weight >= GLIMPSE * min(relevant.total, candidate.total)
