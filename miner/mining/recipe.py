"""How negatives are mined, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from miner.data import TEACHER
from miner.errors import ConfigError
from miner.filters import GUARDS, DropJudged, Filter, OverlapGuard, Risk
from miner.judgments.known import KnownJudgments
from miner.mining.relevant import EMIT
from miner.mining.teacher import ScoreCache
from miner.progress import count_of
from miner.risk import RiskModel, packaged_model
from miner.search.search import Search
from miner.selectors import RiskPenalty, Selector, Top
from miner.spec import check
from miner.text.copies import Copies

LARGEST = 10**18
"""What a number stays below, so that it can be written down as JSON."""


class RiskCalibration(Protocol):
    """A risk model fitted to one corpus, and what its estimates mean there."""

    @property
    def model(self) -> RiskModel: ...

    def threshold(self, share: float) -> float:
        """The cap on the estimate under which about this share of what is mined is wrong."""


@dataclass(frozen=True)
class Recipe:
    """`n` negatives a query out of the `depth` most similar passages, judged by the guards, by `copies` and then
    by `filters`, chosen by `select`; `emit` names what of a passage is written ('text' or 'title-text').

    `risk` is the model behind risk(), riskiest() and priced(); `teacher` scores pairs, for
    the denoise filter and the receipts; `search` finds the candidates; `judgments` are what was judged before:
    what answers is no negative, what was verified not to bears no risk. Too few survivors widen the search
    fourfold, then exactly, until the corpus ends, unless `widen` is off. Raises ConfigError for numbers that
    cannot be, and where a filter or selector needs a teacher and there is none.
    """

    n: int = 5
    copies: Copies = field(default_factory=Copies)
    """What a near copy of a relevant passage is: it is dropped whatever the filters."""
    filters: tuple[Filter, ...] = ()
    select: Selector = field(default_factory=RiskPenalty)
    depth: int = 100
    seed: int = 0
    emit: str = "text"
    widen: bool = True
    risk: RiskModel = field(default_factory=packaged_model)
    teacher: ScoreCache | None = None
    search: Search = field(default_factory=Search)
    judgments: KnownJudgments | None = None

    def __post_init__(self) -> None:
        check(self, "recipe")
        if spelt := [each for each in (self.filters, self.select, *self.filters) if isinstance(each, str)]:
            raise ConfigError(
                f"recipe: {spelt[0]!r} is text; expected objects, or mine(..., filters=..., select=...)"
            )
        self._check_numbers()
        if self.emit not in EMIT:
            raise ConfigError(f"emit is {self.emit!r}; expected one of {', '.join(EMIT)}")
        chosen: tuple[Filter | Selector, ...] = (*self.filters, self.select)
        for each in chosen:
            if self.teacher is None and TEACHER in each.needs:
                raise ConfigError(f"{each!r} needs the scores of a teacher; name one with --teacher")

    def _check_numbers(self) -> None:
        for name in ("n", "depth", "seed"):
            if abs(value := getattr(self, name)) >= LARGEST:
                raise ConfigError(f"{name} is {value}; expected a number of at most 18 digits")
        if self.n < 1:
            raise ConfigError(f"{self.n} negatives a query were asked for; expected 1 or more")
        if self.depth < self.n:
            raise ConfigError(f"depth {self.depth} is below the {count_of(self.n, 'negative')} asked for")

    @property
    def needs(self) -> frozenset[str]:
        """Evidence that filters and selector look at beyond what every pool holds."""
        return self.select.needs.union(*(each.needs for each in self.judges))

    @property
    def judges(self) -> tuple[Filter, ...]:
        """The guards, the rule for near copies among them, what was judged to answer, then the filters, in the order
        of the verdict codes."""
        judged = [] if self.judgments is None else [DropJudged()]
        return (*GUARDS, self.copies, OverlapGuard(), *judged, *self.filters)

    @property
    def cheap(self) -> tuple[Filter, ...]:
        """The judges that need no teacher."""
        return tuple(each for each in self.judges if TEACHER not in each.needs)

    def calibrated(self, calibration: RiskCalibration) -> Recipe:
        """The recipe with the calibration's model, and with its caps on the risk read as shares of what is mined
        that may be wrong. Where nothing else was asked for, priced(), for risks whose size is not known, gives way
        to the hardest under the cap, the default one if none is named. Raises MinerError if a cap cannot be had.
        """

        def translated(each: Filter) -> Filter:
            return Risk(calibration.threshold(each.max)) if isinstance(each, Risk) else each

        filters = tuple(map(translated, self.filters))
        if self.select != RiskPenalty():
            return replace(self, filters=filters, risk=calibration.model)
        if not any(isinstance(each, Risk) for each in filters):
            filters = (*filters, Risk(calibration.threshold(Risk.max)))
        return replace(self, filters=filters, select=Top(), risk=calibration.model)
