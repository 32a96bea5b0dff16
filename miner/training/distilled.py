"""What a teacher said of the passages of rows, read from the receipts beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from miner.data import TEACHER, Row
from miner.errors import InputError
from miner.formats.cohere import read_rows
from miner.formats.receipts import Receipts

Scores = Mapping[tuple[str, str], float]
"""A score for a query and a passage, both as they stand in the row."""


def teacher_scores(path: Path) -> Scores:
    """The teacher's scores of all passages of a file of rows that have one.

    Raises InputError where there are no receipts beside the file, and where they hold no such score.
    """
    receipts = Receipts.beside(path)
    if receipts is None:
        raise InputError(path, None, "has no receipts beside it; mine with --teacher to train on its scores")
    found: dict[tuple[str, str], float] = {}
    for _, row in read_rows(path):
        receipt = receipts.take(row)
        for texts, side in ((row.relevant_passages, "relevant"), (row.hard_negatives, "negatives")):
            for text, entry in zip(texts, receipt[side], strict=True):
                if (score := entry.get(TEACHER)) is not None:
                    found[row.query, text] = float(score)
    if not found:
        raise InputError(
            receipts.path, None, "holds no teacher's scores; mine with --teacher to train on them"
        )
    return found


def scored_rows(rows: Sequence[Row], scores: Scores) -> list[Row]:
    """The rows of which every passage has a score, and that have a negative."""
    return [
        row
        for row in rows
        if row.hard_negatives
        and all((row.query, text) in scores for text in (*row.relevant_passages, *row.hard_negatives))
    ]
