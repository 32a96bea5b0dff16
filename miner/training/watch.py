"""A model watched while it trains: the best state is kept, training ends where nothing more is gained, and it is
told when all scores or the loss become one value.
"""

from __future__ import annotations

import math
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from miner.data import Float32, Float64
from miner.errors import ModelError
from miner.progress import Clock
from miner.reranking.metrics import METRICS, PRIMARY, judge
from miner.reranking.score import CombinedReranker, Reranker, keeping
from miner.reranking.tasks import BLOCK, Task
from miner.training.workspace import BEST

FLAT, OF_BASE = 1e-3, 0.02
"""Standard deviation of the scores of a query's documents below which they are one value: of a head that begins
fresh, and as a share of the base model's."""
SAME_LOSSES, APART_LOSSES, LEARNT = 5, 1e-4, 1e-2
"""So many losses in a row that lie within a share of their mean are one value, unless all is learnt."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What tasks say of a model."""

    figures: Float64
    """[tasks, 4] the METRICS."""
    spreads: Float64
    """[tasks] standard deviation of the scores of the documents."""

    def first(self, count: int) -> Glance:
        """That of the first tasks."""
        return Glance(self.figures[:count], self.spreads[:count])

    @property
    def means(self) -> dict[str, float]:
        return dict(zip(METRICS, self.figures.mean(axis=0).round(6).tolist(), strict=True))

    @property
    def spread(self) -> float:
        return float(self.spreads.mean())


def glance(tasks: Sequence[Task], reranker: Reranker, clock: Clock | None = None) -> Glance:
    """Raises ModelError where scores are no numbers."""
    clock, figures, spreads = clock or Clock(), list[Float64](), list[float]()
    reranker = keeping(reranker)
    with clock.stage("evaluate", len(tasks), "queries") as stage:
        for start in range(0, len(tasks), BLOCK):
            block = tasks[start : start + BLOCK]
            scores, own = _scores(block, reranker)
            figures += [judge(score, task.mask) for score, task in zip(scores, block, strict=True)]
            spreads += [float(score.std()) for score in own]
            clock.advance(stage, len(block))
    return Glance(np.array(figures, np.float64), np.array(spreads, np.float64))


def _scores(tasks: Sequence[Task], reranker: Reranker) -> tuple[list[Float32], list[Float32]]:
    """The scores that rank, and those of the part that is trained."""
    requests = [(task.query, task.documents) for task in tasks]
    if not isinstance(reranker, CombinedReranker):
        scores = reranker.score_all(requests)
        return scores, scores
    cross, bi = reranker.cross.score_all(requests), reranker.bi.score_all(requests)
    return [reranker.combine(one, other) for one, other in zip(cross, bi, strict=True)], cross


@dataclass
class BestKept:
    """The best state so far, saved by `save` into a folder for its step, and how many looks ago it was reached.

    An older one is removed by `tidy` alone, so that a run can go on from a checkpoint made before.
    """

    place: Path
    save: Callable[[Path], object]
    patience: int
    step: int = 0
    value: float = -math.inf
    waited: int = 0

    @property
    def folder(self) -> Path:
        return self.place / f"{BEST}-{self.step}"

    @property
    def exhausted(self) -> bool:
        return 0 < self.patience <= self.waited

    def see(self, step: int, value: float) -> bool:
        """Whether this is the best so far; if so it is saved."""
        better = self._count(step, value)
        if better:
            self.save(self.folder)
        return better

    def _count(self, step: int, value: float) -> bool:
        better = value > self.value
        self.waited = 0 if better else self.waited + 1
        if better:
            self.step, self.value = step, value
        return better

    def replay(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Stand where a run stood that wrote these metrics."""
        for record in records:
            if record["step"] and METRICS[PRIMARY] in record:
                self._count(record["step"], record[METRICS[PRIMARY]])

    def tidy(self) -> None:
        for folder in self.place.glob(f"{BEST}-*"):
            if folder != self.folder:
                shutil.rmtree(folder, ignore_errors=True)


@dataclass
class CollapseAlarm:
    """Tells once of each: scores that are one value, a loss that stays at one, a loss that is no number."""

    floor: float
    """Spread of scores below which they are one value."""
    tell: Callable[[str], object]
    told: dict[str, str] = field(default_factory=dict)
    losses: deque[float] = field(default_factory=lambda: deque(maxlen=SAME_LOSSES))

    @classmethod
    def over(cls, base: Glance, fresh: bool, tell: Callable[[str], object]) -> CollapseAlarm:
        """`fresh` where the head that is trained begins with random weights."""
        return cls(FLAT if fresh else OF_BASE * base.spread, tell)

    @property
    def broken(self) -> bool:
        """Whether there is nothing left to train."""
        return "number" in self.told

    def scores(self, step: int, spread: float) -> None:
        if spread < self.floor:
            found = f"at step {step} the model gives all documents of a query nearly the same score"
            self._once("scores", f"{found}; a lower --learning-rate, or fewer false negatives, may help")

    def no_number(self, step: int) -> None:
        self._once(
            "number", f"at step {step} loss or scores are no numbers; a lower --learning-rate may help"
        )

    def loss(self, step: int, value: float) -> None:
        if not math.isfinite(value):
            self.no_number(step)
            return
        self.losses.append(value)
        mean, apart = float(np.mean(self.losses)), max(self.losses) - min(self.losses)
        if len(self.losses) == SAME_LOSSES and mean > LEARNT and apart < APART_LOSSES * mean:
            found = f"the loss stays at {value:.3f} since before step {step}: the model learns nothing"
            self._once("loss", f"{found}; another --learning-rate or --loss may help")

    def _once(self, kind: str, text: str) -> None:
        if kind not in self.told:
            self.told[kind] = text
            self.tell(f"warning: {text}")


@dataclass
class ModelWatch:
    """Looks at a model in training by tasks that it does not learn from."""

    tasks: Sequence[Task]
    reranker: Reranker
    best: BestKept
    alarm: CollapseAlarm

    @property
    def ended(self) -> bool:
        """Whether training should stop here."""
        return self.alarm.broken or self.best.exhausted

    def look(self, step: int) -> tuple[Mapping[str, float], bool]:
        """The METRICS at this step, none where scores are no numbers, and whether it is the best so far."""
        try:
            seen = glance(self.tasks, self.reranker)
        except ModelError:
            self.alarm.no_number(step)
            return {}, False
        self.alarm.scores(step, seen.spread)
        return seen.means, self.best.see(step, seen.means[METRICS[PRIMARY]])
