"""How negatives are mined, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field

from miner.errors import ConfigError
from miner.filters import GUARDS, Denoise, DropJudged, DropRiskiest, Filter, SameDocument
from miner.judgments.known import KnownJudgments
from miner.mining.relevant import EMIT
from miner.mining.rescore import ScoreCache
from miner.risk import RiskModel, packaged_model
from miner.search.search import Search
from miner.selectors import BelowRelevant, Selector


@dataclass(frozen=True)
class Recipe:
    """`n` negatives a query out of the `depth` most similar passages, judged by the guards and then by
    `filters`, chosen by `select`; `emit` names what of a passage is written ('text' or 'title-text').

    `risk` is the model behind the filters risk and riskiest; `rescore` scores pairs with a cross-encoder, for
    the denoise filter and the receipts; `search` finds the candidates; `judgments` are what was judged before:
    what answers is no negative, what was verified not to is one whatever its risk. Too few survivors widen the search
    fourfold, then exactly, until the corpus ends.
    """

    n: int = 5
    filters: tuple[Filter, ...] = (SameDocument(overlapping=True), DropRiskiest())
    select: Selector = field(default_factory=BelowRelevant)
    depth: int = 100
    seed: int = 0
    emit: str = "text"
    risk: RiskModel = field(default_factory=packaged_model)
    rescore: ScoreCache | None = None
    search: Search = field(default_factory=Search)
    judgments: KnownJudgments | None = None

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ConfigError(f"{self.n} negatives a query were asked for; expected 1 or more")
        if self.depth < self.n:
            raise ConfigError(f"depth {self.depth} is below the {self.n} negatives asked for")
        if self.emit not in EMIT:
            raise ConfigError(f"emit is {self.emit!r}; expected one of {', '.join(EMIT)}")
        if self.rescore is None and any(isinstance(each, Denoise) for each in self.filters):
            raise ConfigError("denoise() needs the scores of a cross-encoder; name one with --rescore")

    @property
    def judges(self) -> tuple[Filter, ...]:
        """The guards, then the filters, in the order of the verdict codes."""
        return (*GUARDS, *([] if self.judgments is None else [DropJudged()]), *self.filters)

    @property
    def cheap(self) -> tuple[Filter, ...]:
        """The judges that need no cross-encoder."""
        return tuple(each for each in self.judges if not isinstance(each, Denoise))
