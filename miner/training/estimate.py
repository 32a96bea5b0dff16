"""How long a training run will take, told before its first step by how fast the base model read the evaluation rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from miner.data import Row
from miner.progress import count_of
from miner.progress.live import duration
from miner.reranking.tasks import Task
from miner.training.grouping import Shared
from miner.training.plan import MAX_RELEVANT, TrainPlan

COST_OF_STEP = {"fp32": 4.0, "bf16": 2.75}
"""What a step costs of one reading of its texts: forward and twice that backward, a third more for padding to a
batch's longest, less in bf16. Measured with the bundled model on a processor."""
SORTED = 0.93
"""What is left of it where a batch's distinct texts, or pairs, are read beside others of their length: measured in fp32
on the sample, for both."""
GROUPED = 20_000
"""Rows by which the passages that batches share are counted."""


@dataclass(frozen=True, slots=True)
class TrainEstimate:
    """Optimizer steps that are left, and seconds of one of them with its part of the looks on the way."""

    steps: int
    step: float

    @property
    def seconds(self) -> float:
        return self.steps * self.step

    def record(self) -> dict[str, Any]:
        return {"steps": self.steps, "seconds_a_step": round(self.step, 3), "seconds": round(self.seconds, 1)}

    def __str__(self) -> str:
        steps = count_of(self.steps, "step")
        return f"training will take about {duration(self.seconds)}: {steps} of about {shown(self.step)}"


def estimate(
    rows: Sequence[Row],
    tasks: Sequence[Task],
    plan: TrainPlan,
    steps: int,
    planned: int,
    looks: float,
    read: float,
) -> TrainEstimate:
    """`read` are the seconds in which the base model read the tasks; `looks` is how often it would read them all on
    the way, in all `planned` steps.

    Work is taken to grow with the characters that are read.
    """
    work = plan.epochs * sum(_trained(row, plan) for row in rows) * _left(rows, plan)
    training = work * read / max(1, _judged(tasks, plan)) * COST_OF_STEP[plan.precision]
    look = read * _looked_at(tasks, plan) / max(1, _judged(tasks, plan))
    return TrainEstimate(steps, (training + looks * look) / max(1, planned))


def _left(rows: Sequence[Row], plan: TrainPlan) -> float:
    """The share of the work that is left."""
    if plan.arch != "bi":
        return SORTED if plan.lists else 1.0
    if not plan.lists:
        return SORTED
    shown = [
        [*row.relevant_passages[:MAX_RELEVANT], *row.hard_negatives[: plan.hard_negatives]]
        for row in rows[:GROUPED]
    ]
    shared = Shared.of(shown)
    batches = shared.batches(plan.batch_size, np.random.default_rng(plan.seed))
    return (
        SORTED * sum(map(shared.read, batches)) / max(1, sum(len(text) for texts in shown for text in texts))
    )


def _judged(tasks: Sequence[Task], plan: TrainPlan) -> int:
    """Characters that the base model reads: of texts, each once, or of pairs."""
    return _pairs(tasks) if plan.arch == "cross" else _texts(tasks)


def _looked_at(tasks: Sequence[Task], plan: TrainPlan) -> int:
    """Characters that the model in training reads: a cross-encoder begun from an encoder ranks beside it."""
    return _judged(tasks, plan) + (_pairs(tasks) if plan.arch == "combined" else 0)


def _pairs(tasks: Sequence[Task]) -> int:
    return sum(len(task.query) + len(text) for task in tasks for text in task.documents)


def _texts(tasks: Sequence[Task]) -> int:
    queries = {task.query for task in tasks}
    return sum(map(len, queries)) + sum(map(len, {text for task in tasks for text in task.documents}))


def _trained(row: Row, plan: TrainPlan) -> float:
    """Characters that an epoch reads of a row: of its texts, or of pairs of its query with them."""
    shown = min(len(row.relevant_passages), MAX_RELEVANT)
    each = sum(map(len, row.relevant_passages)) / len(row.relevant_passages)
    hard = row.hard_negatives[: plan.hard_negatives]
    negatives = sum(map(len, hard)) + plan.random_negatives * each
    examples, relevant = (1, shown) if plan.lists else (shown, 1)
    queries = 1 if plan.arch == "bi" else relevant + len(hard) + plan.random_negatives
    return examples * (queries * len(row.query) + relevant * each + negatives)


def shown(seconds: float) -> str:
    """'2.3 s' or '40 ms'."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"
