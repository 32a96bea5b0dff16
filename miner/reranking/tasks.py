"""What a reranker is judged on: a query, documents to choose among, and which of them are relevant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from miner.corpus.options import ReadOptions
from miner.data import PADDING, Bool, Float64, Int64, Passage, Row
from miner.errors import InputError
from miner.formats.cohere import tidy
from miner.formats.reading import rows_beside_receipts
from miner.index import Index
from miner.mining.relevant import EMIT
from miner.progress import Clock
from miner.reranking.intervals import clusters
from miner.reranking.metrics import METRICS, judge
from miner.reranking.score import Reranker, keeping

BLOCK = 64
TOP = 50


@dataclass(frozen=True, slots=True)
class Task:
    """The first `relevant` documents are the relevant passages."""

    query: str
    documents: tuple[str, ...]
    relevant: int

    @property
    def mask(self) -> Bool:
        return np.arange(len(self.documents)) < self.relevant


def load_rows(path: Path, options: ReadOptions | None = None) -> list[Row]:
    """The rows of a file or folder in any shape that queries come in, repeated passages and blank negatives removed.

    Raises InputError for one without rows, and for a passage that is both relevant and a hard negative
    of one query: such a row teaches and measures nonsense.
    """
    rows, options = [], options or ReadOptions()
    for line, row in rows_beside_receipts(path, options):
        relevant = dict.fromkeys(row.relevant_passages)
        if both := [text for text in row.hard_negatives if text in relevant]:
            place = f"{_short(both[0])!r} is both a relevant passage and hard negatives of query"
            raise InputError(path, line, f"string {place} {_short(row.query)!r}")
        rows.append(tidy(Row(row.query, tuple(relevant), row.hard_negatives)))
    if not rows:
        raise InputError(path, None, options.notes.nothing("rows"))
    return rows


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"


def tasks_of(rows: Sequence[Row]) -> list[Task]:
    """Choose among a row's own passages; rows without negatives leave nothing to choose and are left out."""
    return [
        Task(row.query, (*row.relevant_passages, *row.hard_negatives), len(row.relevant_passages))
        for row in rows
        if row.hard_negatives
    ]


def tasks_on(rows: Sequence[Row], index: Index, top: int = TOP, clock: Clock | None = None) -> list[Task]:
    """Choose among the `top` passages of an index that its own encoder finds nearest to the query, and all
    relevant passages of the row. What the row does not name as relevant counts as wrong.
    """
    clock = clock or Clock()
    with clock.stage("search", len(rows), "queries") as stage:
        vectors = index.embed_queries([row.query for row in rows], index.encoder())
        found = index.search(vectors, top)
        clock.advance(stage, len(rows))
    texts = list(dict.fromkeys(text for row in rows for text in row.relevant_passages))
    row_of = dict(zip(texts, index.rows_of_texts(texts).tolist(), strict=True))
    emit = _emitted(index, row_of)
    tasks = []
    for row, near in zip(rows, found.rows.tolist(), strict=True):
        known = {row_of[text] for text in row.relevant_passages}
        others = [
            emit(passage) for passage in index.passages([n for n in near if n not in (*known, PADDING)])
        ]
        tasks.append(Task(row.query, (*row.relevant_passages, *others), len(row.relevant_passages)))
    return tasks


def _emitted(index: Index, row_of: Mapping[str, int]) -> Callable[[Passage], str]:
    """Passages with their titles where the rows' own relevant passages have them, else without."""
    inside = {text: row for text, row in row_of.items() if row != PADDING}
    passages = zip(inside, index.passages(list(inside.values())), strict=True)
    titled = any(text == passage.encoded != passage.text for text, passage in passages)
    return EMIT["title-text" if titled else "text"]


def task_clusters(tasks: Sequence[Task]) -> Int64:
    """Cluster numbers, int64 [tasks]: tasks that share a query or a relevant passage belong together."""
    return clusters([task.query for task in tasks], [task.documents[: task.relevant] for task in tasks])


def measure(tasks: Sequence[Task], reranker: Reranker, clock: Clock | None = None) -> Float64:
    """The METRICS of each task, float64 [tasks, 4]."""
    clock, reranker = clock or Clock(), keeping(reranker)
    figures = np.empty((len(tasks), len(METRICS)), np.float64)
    with clock.stage("evaluate", len(tasks), "queries") as stage:
        for start in range(0, len(tasks), BLOCK):
            block = tasks[start : start + BLOCK]
            scores = reranker.score_all([(task.query, task.documents) for task in block])
            for i, (task, score) in enumerate(zip(block, scores, strict=True), start):
                figures[i] = judge(score, task.mask)
            clock.advance(stage, len(block))
    return figures
