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

    def share(self, same: bytearray) -> float:
        """Of the weight, what stands at the places that are the same."""
        found = sum(weight for weight, here in zip(self.weights, same, strict=True) if here)
        return found / self.total if self.total else 0.0


def judge_copy(candidate: Weighed, relevant: Weighed, copies: Copies) -> Judged:
    """Whether the candidate is a near copy of the relevant passage."""
    if not _close(candidate, relevant):
        return NOTHING
    a, b = candidate.tokens, relevant.tokens
    alignment = align(a, b, relevant.seeds)
    sums = relevant.sums
    runs = [sums[run.b + run.size] - sums[run.b] for run in (*alignment.chain, *alignment.moved)]
    compared = contrasts(a, b, alignment, relevant.frequencies)
    cover, within = relevant.share(compared.same_b), candidate.share(compared.same_a)
    run = max(runs, default=0.0) / relevant.total if relevant.total else 0.0
    held = _held(candidate, relevant, cover, within, run, copies)
    return Judged(held and not compared.contrasts, cover, run, tuple(compared.contrasts))


def _held(
    candidate: Weighed, relevant: Weighed, cover: float, within: float, run: float, copies: Copies
) -> bool:
    """Whether enough of either text stands in the other one, contrasts aside."""
    a, b = candidate.tokens, relevant.tokens
    if len(b) < LEAST:
        return cover >= copies.cover and within >= copies.cover
    if cover >= copies.cover or run >= copies.run:
        return True
    return within >= copies.cover and (len(a) >= LEAST or (within == 1.0 and len(a) >= LEAST // 2))


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
