"""What the trainer would choose for a data set, told before it starts."""

from __future__ import annotations

from itertools import islice

from miner.data import Row
from miner.serving.state import State
from miner.serving.store import DatasetRecord
from miner.training.plan import SAMPLED, suggest
from miner.validating import lines
from miner.validating.texts import texts_of

HELD_OUT = 0.2


def suggested(state: State, dataset: DatasetRecord) -> str:
    """A sentence on epochs, learning rate and batch size, by the first rows; '' where there are none."""
    rows = _rows(state, dataset)
    if not rows:
        return ""
    epochs, rate, batch = suggest(rows)
    return (
        f"What is left empty is chosen to suit the data: for an encoder as the base about {epochs} epochs, "
        f"a learning rate of {rate:g} and batches of {batch}."
    )


def _rows(state: State, dataset: DatasetRecord) -> list[Row]:
    path = state.dataset(dataset.id) / "train.jsonl"
    try:
        read = (texts_of(line.record).row for line in lines.read(path) if line.record is not None)
        rows = list(islice((row for row in read if row is not None), SAMPLED))
    except OSError:
        return []
    alone = len(dataset.parts) == 1
    return rows[: round(len(rows) * (1 - HELD_OUT))] if alone else rows
