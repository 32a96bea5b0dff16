"""One training run in its workspace: the base judged, the model trained and watched, the better one kept."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miner.data import Float64
from miner.errors import MinerError
from miner.models.locate import Located
from miner.progress import Clock, count_of
from miner.progress.live import duration
from miner.reranking.metrics import METRICS, PRIMARY
from miner.reranking.score import Reranker
from miner.reranking.store import load_reranker, save_reranker
from miner.reranking.tasks import measure
from miner.training.advice import TrainOutcome
from miner.training.dataset import Data
from miner.training.estimate import TrainEstimate, estimate, shown
from miner.training.examples import count_steps, examples
from miner.training.fit import Recorder, fit, steps_apart
from miner.training.models import begin, untouched
from miner.training.plan import TrainPlan
from miner.training.watch import BestKept, CollapseAlarm, Glance, ModelWatch, glance
from miner.training.workspace import Workspace, read_metrics, step_of

WATCHED = 200
"""Evaluation rows judged while training; all are judged before and after."""


@dataclass(frozen=True, slots=True)
class TrainTiming:
    """What was expected before the first step, and what this process took."""

    expected: TrainEstimate
    seconds: float
    steps: int

    @property
    def step(self) -> float | None:
        """Seconds a step, with the looks on the way."""
        return self.seconds / self.steps if self.steps else None

    def record(self) -> dict[str, Any]:
        step = None if self.step is None else round(self.step, 3)
        return {
            "expected": self.expected.record(),
            "seconds": round(self.seconds, 1),
            "steps": self.steps,
            "seconds_a_step": step,
        }

    def sentence(self) -> str:
        each = "" if self.step is None else f", {shown(self.step)} a step"
        return f"trained {count_of(self.steps, 'step')} in {duration(self.seconds)}{each}"


@dataclass(frozen=True)
class TrainRun:
    """What a run works on, and where. `tell` hears what happens on the way."""

    base: Located
    data: Data
    plan: TrainPlan
    patience: int
    workspace: Workspace
    clock: Clock
    tell: Callable[[str], object]

    def finish(self) -> tuple[Float64, Float64, TrainOutcome, TrainTiming, bool]:
        """Train, from a checkpoint if there is one, and save the better model into the workspace. METRICS before
        and after, [tasks, 4], the latter as `evaluate` will find them, and whether the tuned model was kept.
        """
        before_model = untouched(self.base, self.plan)
        before = glance(self.data.tasks, before_model, self.clock)
        outcome, timing, best = self._train(before)
        after = measure(self.data.tasks, load_reranker(best), self.clock)
        better = bool((after - before.figures).mean(axis=0)[PRIMARY] > 0)
        shutil.rmtree(self.workspace.model, ignore_errors=True)
        if better:
            best.rename(self.workspace.model)
        else:
            save_reranker(before_model, self.workspace.model)
        return before.figures, after, outcome, timing, better

    def _train(self, before: Glance) -> tuple[TrainOutcome, TrainTiming, Path]:
        """How it ended, what it took, and the folder of the best state."""
        tuned, model = begin(self.base, self.plan)
        table = examples(self.data.rows, self.plan, self.data.scores)
        watch = self._watch(tuned, before)
        recorder = Recorder(self.workspace.metrics, count_steps(table, self.plan), watch, self.clock)
        resume = self.workspace.latest()
        self.workspace.rewind(resume)
        watch.best.replay(read_metrics(self.workspace.metrics))
        if resume is None:
            recorder.write(0, 0.0, before.first(WATCHED).means)
        first = last = step_of(resume)
        expected = self._expected(recorder.steps - first, recorder.steps)
        self._announce(expected, first, recorder.steps)
        start = time.perf_counter()
        if not watch.best.exhausted:
            last = fit(model, table, self.plan, self.workspace.checkpoints, recorder, resume)
        timing = TrainTiming(expected, time.perf_counter() - start, last - first)
        warnings = tuple(watch.alarm.told.values())
        if not watch.best.step:
            self.workspace.discard()
            raise MinerError(f"training broke down and there is nothing to keep: {'; '.join(warnings)}")
        early = watch.best.exhausted and last < recorder.steps
        outcome = TrainOutcome(last, recorder.steps, watch.best.step, early, warnings)
        return outcome, timing, watch.best.folder

    def _watch(self, tuned: Reranker, before: Glance) -> ModelWatch:
        def save(folder: Path) -> None:
            save_reranker(tuned, folder)

        fresh = self.plan.arch == "combined"
        return ModelWatch(
            self.data.tasks[:WATCHED],
            tuned,
            BestKept(self.workspace.folder, save, self.patience),
            CollapseAlarm.over(before, fresh, self.tell),
        )

    def _expected(self, steps: int, planned: int) -> TrainEstimate:
        """Of so many steps that are left."""
        watched = min(WATCHED, len(self.data.tasks)) / len(self.data.tasks)
        looks = planned // steps_apart(planned) * watched
        read = self.clock.stages["evaluate"].seconds
        return estimate(self.data.rows, self.data.tasks, self.plan, steps, planned, looks, read)

    def _announce(self, expected: TrainEstimate, first: int, planned: int) -> None:
        if first:
            self.tell(f"goes on after step {first:,} of {planned:,}")
        self.tell(str(expected))
        if self.patience:
            watched, apart = min(WATCHED, len(self.data.tasks)), steps_apart(planned)
            self.tell(
                f"it ends early once {METRICS[PRIMARY]} on {count_of(watched, 'evaluation row')}, "
                f"judged every {count_of(apart, 'step')}, has not risen "
                f"{count_of(self.patience, 'time')} in a row (--patience); the best state is kept"
            )
