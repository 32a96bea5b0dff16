"""How long a training run will take, told before its first step by how fast the base model read the evaluation rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from miner.data import Row
from miner.progress import count_of
from miner.progress.live import duration
from miner.reranking.tasks import BLOCK, Task
from miner.training.plan import MAX_RELEVANT, TrainPlan

COST_OF_STEP = {"fp32": 4.0, "bf16": 2.75}
"""What a step costs of one reading of its texts: forward and twice that backward, a third more for the padding of
columns, less in bf16. Measured with the bundled model on a processor."""
DISTINCT = 0.8
"""What is left of it where an encoder embeds a batch's distinct texts beside others of their length: measured in fp32
on the sample."""


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

    The work of a text (encoder) or pair (cross-encoder) is taken to be the same in rows and tasks.
    """
    work = plan.epochs * sum(_texts_of(row, plan) for row in rows)
    cost = COST_OF_STEP[plan.precision] * (DISTINCT if plan.arch == "bi" else 1.0)
    training = work * read / max(1, _texts(tasks, plan)) * cost
    return TrainEstimate(steps, (training + looks * read) / max(1, planned))


def _texts(tasks: Sequence[Task], plan: TrainPlan) -> int:
    """What the base model reads: texts, each once in a block of tasks, or pairs."""
    if plan.arch == "cross":
        return sum(len(task.documents) for task in tasks)
    blocks = (tasks[start : start + BLOCK] for start in range(0, len(tasks), BLOCK))
    return sum(
        len({task.query for task in block}) + len({text for task in block for text in task.documents})
        for block in blocks
    )


def _texts_of(row: Row, plan: TrainPlan) -> int:
    """What a row gives to read: texts of an encoder, pairs of a cross-encoder."""
    relevant = min(len(row.relevant_passages), MAX_RELEVANT)
    negatives = min(len(row.hard_negatives), plan.hard_negatives) + plan.random_negatives
    query = plan.arch == "bi"
    return query + relevant + negatives if plan.lists else relevant * (query + 1 + negatives)


def shown(seconds: float) -> str:
    """'2.3 s' or '40 ms'."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"
