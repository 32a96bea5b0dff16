"""A model against its base on the same tasks, with intervals that decide what may be called a gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from miner.corpus.options import ReadOptions
from miner.data import Float64
from miner.errors import ConfigError
from miner.index import Index, open_index
from miner.progress import Clock
from miner.reranking.intervals import Interval, paired
from miner.reranking.metrics import METRICS, PRIMARY
from miner.reranking.score import Reranker
from miner.reranking.store import base_of, load_reranker
from miner.reranking.tasks import Task, load_rows, measure, task_clusters, tasks_of, tasks_on
from miner.storage.paths import as_path


@dataclass(frozen=True)
class Comparison:
    """Means of the METRICS before and after, and the interval of each change."""

    queries: int
    clusters: int
    documents: float
    """Mean number of documents a query chooses among."""
    base: tuple[float, ...]
    tuned: tuple[float, ...]
    changes: tuple[Interval, ...]
    left_out: int = 0
    """Rows without a hard negative, which have nothing to choose among."""
    max_length: int | None = None
    """Tokens that both models were cut at."""

    @property
    def primary(self) -> Interval:
        return self.changes[PRIMARY]

    def record(self) -> dict[str, Any]:
        figures = zip(METRICS, self.base, self.tuned, self.changes, strict=True)
        return {
            "queries": self.queries,
            "clusters": self.clusters,
            "documents_per_query": round(self.documents, 2),
            "metrics": {
                name: {"base": round(base, 6), "tuned": round(tuned, 6), **change.record()}
                for name, base, tuned, change in figures
            },
        }

    def table(self) -> list[tuple[str, ...]]:
        """Rows of metric, base, tuned, change with its 95 % interval, verdict."""
        return [
            (name, f"{base:.3f}", f"{tuned:.3f}", str(change), change.verdict)
            for name, base, tuned, change in zip(METRICS, self.base, self.tuned, self.changes, strict=True)
        ]


TABLE_HEADER = ("metric", "base", "tuned", "change (95 % interval)", "verdict")


def evaluate(
    model: str | Path,
    file: str | Path,
    *,
    index: str | Index | None = None,
    top: int = 50,
    base: str | Path | None = None,
    seed: int = 0,
    options: ReadOptions | None = None,
    clock: Clock | None = None,
) -> Comparison:
    """Judge a reranker against a base model, cut at the same length, on held-out rows in any shape.

    Each query chooses among its row's passages, or with an `index` among the `top` nearest of that. `base` is
    what the model was trained from unless another is named; `seed` is that of the bootstrap; `options` tell how the
    file is read and gather what is passed over.

    Raises InputError for a row that is none, ConfigError where there is nothing to choose among, ModelError.
    """
    path = as_path(file, "the file of rows")
    tuned = load_reranker(model)
    before = load_reranker(base or base_of(Path(model)), tuned.max_length)
    rows = load_rows(path, options)
    if index is None:
        tasks = list(tasks_of(rows))
    else:
        opened = index if isinstance(index, Index) else open_index(index)
        tasks = list(tasks_on(rows, opened, top, clock or Clock()))
    found = judge_both(tasks, tuned, before, seed, clock)
    return replace(found, left_out=len(rows) - len(tasks), max_length=tuned.max_length)


def judge_both(
    tasks: Sequence[Task], tuned: Reranker, base: Reranker, seed: int = 0, clock: Clock | None = None
) -> Comparison:
    """Judge both models on the tasks. Raises ConfigError where there is none."""
    if not tasks:
        raise ConfigError(
            "no row has a hard negative, so there is nothing to choose among; "
            "evaluate on an index instead (--index)"
        )
    return compare(tasks, measure(tasks, base, clock), measure(tasks, tuned, clock), seed)


def compare(tasks: Sequence[Task], before: Float64, after: Float64, seed: int = 0) -> Comparison:
    """What two matrices of METRICS [tasks, 4] say of the change from one to the other."""
    cluster = task_clusters(tasks)
    return Comparison(
        queries=len(tasks),
        clusters=int(cluster.max()) + 1,
        documents=sum(len(task.documents) for task in tasks) / len(tasks),
        base=tuple(before.mean(axis=0).tolist()),
        tuned=tuple(after.mean(axis=0).tolist()),
        changes=tuple(paired(before, after, cluster, seed)),
    )
