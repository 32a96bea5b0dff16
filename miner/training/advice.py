"""After "no difference shown": one sentence on what to try, chosen by what the data shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from miner.progress import count_of
from miner.reranking.evaluate import Comparison
from miner.reranking.metrics import METRICS, PRIMARY
from miner.training.check import HARMFUL, TrainCheck
from miner.training.plan import ENOUGH_FOR_CROSS, FEW_ROWS, TrainPlan

WIDE, WANTED = 0.05, 0.02
"""Half widths of the interval: what is too wide to show a change, and what would show most."""
CEILING = 0.95
FEW_NEGATIVES = 3.0


@dataclass(frozen=True, slots=True)
class TrainOutcome:
    """How a run ended: steps taken, the step of the best state, and what went wrong on the way."""

    steps: int
    planned: int
    best_step: int
    early: bool = False
    """Whether it was ended as nothing was gained any more."""
    warnings: tuple[str, ...] = ()


def advise(compared: Comparison, check: TrainCheck, plan: TrainPlan, outcome: TrainOutcome) -> str:
    """What to try next; '' where a gain was shown."""
    if compared.primary.verdict == "gain":
        return ""
    reasons = chain(
        _of_rows(check, plan),
        _of_judging(compared),
        _of_amounts(check),
        _of_the_run(plan, outcome),
        NOTHING_ELSE,
    )
    broken = f"try --learning-rate {_half(plan)}, half of what it was: scores or loss became one value"
    return broken if outcome.warnings else next(reasons)


NOTHING_ELSE = (
    "compare these negatives with others (`miner compare A B --train`), or mine with another encoder: neither the "
    "rows nor the run say what was missing",
)


def _half(plan: TrainPlan) -> str:
    return f"{plan.learning_rate / 2:.1e}"


def _of_rows(check: TrainCheck, plan: TrainPlan) -> Iterator[str]:
    if check.false is not None and check.false.rate > HARMFUL:
        yield f"try it on cleaner rows: {check.false}; `miner relabel` makes relevant passages of those that do"
    if plan.arch == "combined" and check.rows < ENOUGH_FOR_CROSS:
        few = f"{count_of(check.rows, 'row is', 'rows are')} few for a cross-encoder made from an encoder"
        yield f"try --arch bi, or a model that is a cross-encoder already: {few}"


def _of_judging(compared: Comparison) -> Iterator[str]:
    base, half = compared.base[PRIMARY], (compared.primary.high - compared.primary.low) / 2
    if base >= CEILING:
        ceiling = (
            f"the base model reaches {METRICS[PRIMARY]} {base:.3f} on these rows, which leaves little to gain"
        )
        yield f"judge on something harder, as `miner evaluate --index`: {ceiling}"
    if half > WIDE:
        needed = round(compared.queries * (half / WANTED) ** 2, -1)
        few = f"{count_of(compared.queries, 'row shows', 'rows show')} no change below {half:.2f}"
        yield f"judge on more rows: {few}; about {needed:,.0f} would show {WANTED}"


def _of_amounts(check: TrainCheck) -> Iterator[str]:
    if check.rows < FEW_ROWS:
        yield f"mine more queries: {count_of(check.rows, 'training row is', 'training rows are')} few"
    if check.negatives[0] < FEW_NEGATIVES:
        yield f"mine more negatives for each query (-n 5): these rows have {check.negatives[0]:.1f}"


def _of_the_run(plan: TrainPlan, outcome: TrainOutcome) -> Iterator[str]:
    if outcome.best_step == outcome.steps and not outcome.early:
        yield f"try --epochs {2 * plan.epochs}: the model was still getting better when training ended"
    if outcome.best_step <= outcome.planned // 3:
        best = f"the best state was that of step {outcome.best_step:,} of {outcome.planned:,}"
        yield f"try --learning-rate {_half(plan)}: {best}"
