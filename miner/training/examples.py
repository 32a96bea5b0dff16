"""Rows as the data sets that sentence-transformers' trainers take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from miner.data import Row
from miner.training.plan import LISTWISE, MAX_NEGATIVES, MAX_RELEVANT, OWN, TrainPlan

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

GAIN = 10.0
"""ListNet softmaxes the labels, so relevant passages are labelled 10 and not 1."""


def usable(rows: Sequence[Row], plan: TrainPlan) -> list[Row]:
    """The rows that the loss can learn from: all for in-batch negatives, else those with a negative."""
    return [row for row in rows if row.hard_negatives or plan.loss not in (OWN, LISTWISE)]


def examples(rows: Sequence[Row], plan: TrainPlan) -> Dataset | DatasetDict:
    """One example a row for the listwise loss, else one for each relevant passage of a row."""
    from datasets import Dataset, DatasetDict

    if plan.loss == LISTWISE:
        return Dataset.from_dict(_lists(rows, plan.seed))
    groups = _tuples(rows, plan.seed)
    return DatasetDict({name: Dataset.from_dict(columns) for name, columns in sorted(groups.items())})


def count_steps(data: Dataset | DatasetDict, plan: TrainPlan) -> int:
    """Optimizer steps of the whole run, before the sampler moves equal texts into other batches."""
    sizes = [len(data)] if plan.loss == LISTWISE else [len(part) for part in data.values()]
    return plan.epochs * sum(-(-size // plan.batch_size) for size in sizes)


def _lists(rows: Sequence[Row], seed: int) -> dict[str, list[object]]:
    columns: dict[str, list[object]] = {"query": [], "documents": [], "labels": []}
    for row, relevant in zip(rows, _relevant(rows, seed), strict=True):
        negatives = row.hard_negatives[:MAX_NEGATIVES]
        columns["query"].append(row.query)
        columns["documents"].append([*relevant, *negatives])
        columns["labels"].append([GAIN] * len(relevant) + [0.0] * len(negatives))
    return columns


def _tuples(rows: Sequence[Row], seed: int) -> dict[str, dict[str, list[str]]]:
    """Columns anchor, positive, negative_1 ... by number of negatives: no row is padded."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row, relevant in zip(rows, _relevant(rows, seed), strict=True):
        negatives = row.hard_negatives[:MAX_NEGATIVES]
        columns = groups[f"{len(negatives):02d}"]
        for positive in relevant:
            columns["anchor"].append(row.query)
            columns["positive"].append(positive)
            for i, negative in enumerate(negatives, 1):
                columns[f"negative_{i}"].append(negative)
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
