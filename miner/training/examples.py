"""Rows as the data sets that sentence-transformers' trainers take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miner.data import Row
from miner.training.distilled import Scores
from miner.training.mixture import mix
from miner.training.plan import DISTILLING, LISTWISE, MAX_RELEVANT, OWN, TrainPlan

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

GAIN = 10.0
"""ListNet softmaxes the labels, so relevant passages are labelled 10 and not 1."""


def usable(rows: Sequence[Row], plan: TrainPlan) -> list[Row]:
    """The rows that the loss can learn from: all for in-batch and random negatives, else those with a negative."""
    needed = plan.loss in (OWN, LISTWISE, *DISTILLING) and not plan.random_negatives
    return [row for row in rows if row.hard_negatives or not needed]


def examples(rows: Sequence[Row], plan: TrainPlan, scores: Scores | None = None) -> Dataset | DatasetDict:
    """One example a row where the plan has lists, else one for each relevant passage of a row.

    `scores` are a teacher's, for all passages of the rows, where the loss learns them.
    """
    from datasets import Dataset, DatasetDict

    if plan.random_negatives:
        rows = mix(rows, plan.hard_negatives, plan.random_negatives, plan.seed)
    table = _Table(plan, scores if plan.loss in DISTILLING else None)
    if plan.lists:
        return Dataset.from_dict(table.lists(rows))
    groups = table.tuples(rows)
    return DatasetDict({name: Dataset.from_dict(columns) for name, columns in sorted(groups.items())})


def count_steps(data: Dataset | DatasetDict, plan: TrainPlan) -> int:
    """Optimizer steps of the whole run, before the sampler moves equal texts into other batches."""
    sizes = [len(data)] if plan.lists else [len(part) for part in data.values()]
    return plan.epochs * sum(-(-size // plan.batch_size) for size in sizes)


@dataclass(frozen=True)
class _Table:
    plan: TrainPlan
    scores: Scores | None

    @property
    def most(self) -> int:
        return self.plan.hard_negatives + self.plan.random_negatives

    def lists(self, rows: Sequence[Row]) -> dict[str, list[object]]:
        columns: dict[str, list[object]] = {"query": [], "documents": [], "labels": []}
        for row, relevant in zip(rows, _relevant(rows, self.plan.seed), strict=True):
            negatives = row.hard_negatives[: self.most]
            columns["query"].append(row.query)
            columns["documents"].append([*relevant, *negatives])
            columns["labels"].append(
                [GAIN] * len(relevant) + [0.0] * len(negatives)
                if self.scores is None
                else [self.scores[row.query, text] for text in (*relevant, *negatives)]
            )
        return columns

    def tuples(self, rows: Sequence[Row]) -> dict[str, dict[str, list[object]]]:
        """Columns anchor, positive, negative_1 ... by number of negatives: no row is padded. A teacher's scores
        of positive and negatives stand in a column `label`."""
        groups: dict[str, dict[str, list[object]]] = defaultdict(lambda: defaultdict(list))
        for row, relevant in zip(rows, _relevant(rows, self.plan.seed), strict=True):
            negatives = row.hard_negatives[: self.most]
            columns = groups[f"{len(negatives):02d}"]
            for positive in relevant:
                columns["anchor"].append(row.query)
                columns["positive"].append(positive)
                for i, negative in enumerate(negatives, 1):
                    columns[f"negative_{i}"].append(negative)
                if self.scores is not None:
                    columns["label"].append([self.scores[row.query, text] for text in (positive, *negatives)])
        return {name: dict(columns) for name, columns in groups.items()}


def _relevant(rows: Sequence[Row], seed: int) -> Iterator[list[str]]:
    """At most MAX_RELEVANT passages of each row, drawn with the seed and kept in order."""
    for i, row in enumerate(rows):
        passages = row.relevant_passages
        if len(passages) <= MAX_RELEVANT:
            yield list(passages)
        else:
            drawn = np.random.default_rng([seed, i]).choice(len(passages), MAX_RELEVANT, replace=False)
            yield [passages[j] for j in sorted(drawn)]
