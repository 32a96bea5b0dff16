"""Priced: hardness against risk, weighed up candidate by candidate instead of cut off by a cap.

The negatives of least total risk for a given total hardness are, one by one, those of highest hardness less a price
times risk (Everett 1963, generalised Lagrange multipliers). So hardness is what is fixed, by a rule that people know,
and the price is found for it. How many answers a corpus holds that nobody labelled multiplies all odds by a constant,
which no estimate knows and which goes into the price. Who reads negatives calls those hard that lie near the relevant
passage too, so some of that similarity counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from miner.data import KEPT, PADDING, RISK, Bool, Float32, Float64, Int64, Pool, Selection, UInt8
from miner.errors import ConfigError
from miner.selectors.base import lay_out
from miner.spec import Spec

SLACK, EASIEST = 0.08, 1.25
"""How far below the margin's hardness, and at most below the hardest, negatives may lie in the mean: in standard
deviations of a query's similarities to the corpus."""
CHEAPEST, DEAREST, DIGITS = 1e-6, 1e3, 3
"""Between what prices one is looked for, and how many digits of it are kept."""
SUREST, LEAST = 1 - 1e-6, 0.5e-6
"""Risks are given at six decimals: nothing is known beyond these."""


@dataclass(frozen=True, repr=False)
class RiskPenalty(Spec):
    """Chooses the kept candidates of highest hardness less `price` times the odds of being a false negative.

    Hardness is the cosine to the query, of which a share `relevant` is that to its relevant passage. Without a price it
    has to be `fitted` to a sample of the run: the highest is taken at which negatives are, in the mean, as similar to
    their queries as the hardest under a relative `margin`, similarities counted from the corpus's mean. Raises
    ConfigError for a price below 0, and for a margin or a share that is none.
    """

    name: ClassVar[str] = "priced"
    reason: ClassVar[str] = "hard for the risk they bear"
    needs: ClassVar[frozenset[str]] = frozenset({RISK})
    margin: float = 0.05
    price: float | None = None
    relevant: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.price is not None and not 0 <= self.price < np.inf:
            raise ConfigError(f"priced: price is {self.price}; expected 0 or more")
        for name, share in (("margin", self.margin), ("relevant", self.relevant)):
            if not 0 <= share < 1:
                raise ConfigError(f"priced: {name} is {share}; expected 0 or more and less than 1")

    @property
    def ready(self) -> bool:
        """Whether it can choose as it is."""
        return self.price is not None

    def choose(self, pool: Pool, verdicts: UInt8, n: Int64, seed: int) -> Selection:
        """Raises ConfigError without a price and without risks."""
        if self.price is None:
            raise ConfigError("priced() has no price yet; fit it to a sample of the run, or name one")
        return _best(_hardness(pool, self.relevant) - self.price * _odds(pool), verdicts == KEPT, n)

    def fitted(self, pools: Sequence[Pool], verdicts: Sequence[UInt8], n: Sequence[Int64]) -> RiskPenalty:
        """With the price for these pools, of which each is as choose takes it. Raises ConfigError without risks."""
        sample = [_Wanted.of(*each, self.relevant) for each in zip(pools, verdicts, n, strict=True)]
        low, high = np.log(CHEAPEST), np.log(DEAREST)
        aim = _aim(sample, self.margin)
        while high - low > 10.0**-DIGITS:
            middle = (low + high) / 2
            hard = _mean([each.at(float(np.exp(middle))) for each in sample]) >= aim
            low, high = (middle, high) if hard else (low, middle)
        return replace(self, price=float(f"{np.exp(low):.{DIGITS}g}"))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A pool of the sample, hardness and odds [Q, K], which candidates were kept, and how many are wanted [Q]."""

    pool: Pool
    hardness: Float64
    odds: Float64
    kept: Bool
    n: Int64

    @classmethod
    def of(cls, pool: Pool, verdicts: UInt8, n: Int64, relevant: float) -> _Wanted:
        return cls(pool, _hardness(pool, relevant), _odds(pool), verdicts == KEPT, n)

    def at(self, price: float) -> Float32:
        """The similarities of what is chosen at a price."""
        return self._chosen(self.hardness - price * self.odds, self.kept)

    def under(self, margin: float) -> Float32:
        """The similarities of the hardest under a margin."""
        known = np.array([np.median(each) for each in self.pool.by_query(self.pool.relevant_scores)])
        limits = known - margin * (known - self.pool.spread(self.pool.queries)[:, 0])
        scores = self.pool.scores
        return self._chosen(scores, self.kept & (scores <= limits[:, None]))

    def _chosen(self, worth: Float32 | Float64, kept: Bool) -> Float32:
        columns = _best(worth, kept, self.n).columns
        taken = np.take_along_axis(self.pool.scores, np.maximum(columns, 0), axis=1)
        return np.asarray(taken[columns != PADDING])


def _aim(sample: Sequence[_Wanted], margin: float) -> float:
    """How similar negatives are to be in the mean; -inf where there are none."""
    hardest = _mean([each.at(0.0) for each in sample])
    if not np.isfinite(hardest):
        return hardest
    deviation = _mean([each.pool.spread(each.pool.queries)[:, 1] for each in sample])
    wanted = _mean([each.under(margin) for each in sample])
    return float(np.clip(wanted, hardest - EASIEST * deviation, hardest)) - SLACK * deviation


def _mean(parts: Sequence[Float32]) -> float:
    """-inf of nothing."""
    values = np.concatenate([*parts, np.empty(0)])
    return float(np.mean(values)) if len(values) else -np.inf


def _best(worth: Float32 | Float64, kept: Bool, n: Int64) -> Selection:
    order = np.argsort(np.where(kept, -worth, np.inf), axis=1, kind="stable")
    wanted = np.minimum(n, np.sum(kept, axis=1)).tolist()
    return lay_out((np.sort(line[:count]) for line, count in zip(order, wanted, strict=True)), n)


def _hardness(pool: Pool, relevant: float) -> Float64:
    """[Q, K] similarity to the query, and to its relevant passage as far as that counts: of several the one most
    similar to the query, so that what was marked by mistake changes nothing.
    """
    blocks = zip(pool.by_query(pool.to_relevant), pool.by_query(pool.relevant_scores), strict=True)
    to_relevant = np.stack([cosines[int(np.argmax(scores))] for cosines, scores in blocks])
    return np.asarray((1 - relevant) * pool.scores.astype(np.float64) + relevant * to_relevant)


def _odds(pool: Pool) -> Float64:
    """[Q, K] of being a false negative."""
    if pool.risk is None:
        raise ConfigError("priced() needs a pool with risks; score it with a RiskModel first")
    risk = np.clip(np.where(pool.valid, pool.risk, 1), LEAST, SUREST).astype(np.float64)
    return np.asarray(risk / (1 - risk))
