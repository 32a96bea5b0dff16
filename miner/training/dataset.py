"""The rows of a training run: read, split where needed, and refused where nothing can be learnt from them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from miner.corpus.columns import Columns
from miner.corpus.notes import Notes
from miner.corpus.options import ReadOptions
from miner.data import Row
from miner.encoders import Encoder
from miner.encoders.load import load_encoder
from miner.errors import InputError
from miner.progress import count_of
from miner.reranking.tasks import Task, load_rows, tasks_of
from miner.splitting import SplitPlan, split_rows
from miner.storage import files
from miner.text.fold import fold
from miner.training.distilled import Scores, scored_rows, teacher_scores
from miner.training.examples import usable
from miner.training.plan import DISTILLING, TrainPlan

EVAL_FRACTION = 0.2
MIN_TRAIN, MIN_EVAL = 16, 8
ADVISED_TRAIN, ADVISED_EVAL = 256, 64


@dataclass(frozen=True)
class Data:
    """Rows to train on, tasks to judge by, where both came from, and what to tell about them."""

    rows: list[Row]
    tasks: list[Task]
    record: dict[str, Any]
    notes: tuple[str, ...] = ()
    scores: Scores | None = None
    """A teacher's, of the rows to train on, where the loss learns them."""


def read_data(
    path: Path, eval_path: Path | None, seed: int, encoder: str | None, options: ReadOptions | None = None
) -> Data:
    """Load both files, or split one as `miner split` does; the encoder named finds near-paraphrases."""
    options = options or ReadOptions()
    rows = load_rows(path, options)
    record: dict[str, Any] = {"train": _source(path)}
    if eval_path is None:
        rows, held_out = split(rows, EVAL_FRACTION, seed, load_encoder(encoder))
        record["eval"] = {"split_from_train": EVAL_FRACTION, "seed": seed}
    else:
        held_out = load_rows(eval_path, _fitting(eval_path, options))
        record["eval"] = _source(eval_path)
    tasks = tasks_of(held_out)
    record["train"]["rows"], record["eval"]["rows"] = len(rows), len(held_out)
    if len(tasks) < MIN_EVAL:
        found = f"gives {count_of(len(tasks), 'evaluation row')} with hard negatives"
        raise InputError(eval_path or path, None, f"{found}; expected {MIN_EVAL} at least")
    return Data(rows, tasks, record, (*options.notes.lines(), *_leaks(rows, tasks)))


def _fitting(path: Path, options: ReadOptions) -> ReadOptions:
    """The options without the columns that are named, where the file has them not but is in a shape that is known."""
    if not options.columns.given:
        return options
    unheard = replace(options, notes=Notes())
    try:
        load_rows(path, unheard)
    except InputError:
        with suppress(InputError):
            load_rows(path, replace(unheard, columns=Columns()))
            return replace(options, columns=Columns())
    return options


def _leaks(rows: Sequence[Row], tasks: Sequence[Task]) -> tuple[str, ...]:
    """What to tell where evaluation rows share queries or relevant passages with training rows."""
    queries = {fold(row.query) for row in rows}
    passages = {fold(text) for row in rows for text in row.relevant_passages}
    shared = sum(
        fold(task.query) in queries or any(fold(text) in passages for text in task.documents[: task.relevant])
        for task in tasks
    )
    if not shared:
        return ()
    found = f"{shared} of {count_of(len(tasks), 'evaluation row')} share a query or relevant passage with training rows"
    return (f"{found}, which flatters the tuned model; `miner split` keeps them apart",)


def trainable(data: Data, plan: TrainPlan, path: Path) -> Data:
    """The data with rows that the loss cannot use left out, a teacher's scores where it learns them, and notes on
    what is thin.

    Raises InputError where too little is left.
    """
    rows, scores, unscored = usable(data.rows, plan), None, 0
    if plan.loss in DISTILLING:
        scores = teacher_scores(path)
        unscored = len(rows) - len(rows := scored_rows(rows, scores))
    if len(rows) < MIN_TRAIN:
        without = len(data.rows) - len(rows)
        more = f" ({count_of(without, 'more has', 'more have')} no hard negatives)" if without else ""
        raise InputError(
            path, None, f"gives {count_of(len(rows), 'training row')}{more}; expected {MIN_TRAIN} at least"
        )
    judged, bare = len(data.tasks), sum(not row.hard_negatives for row in data.rows)
    kind = "passages of other rows" if plan.random_negatives else "in-batch negatives"
    fate = "left out" if len(rows) < len(data.rows) else f"trained on with {kind} alone"
    few = count_of(len(rows), "training row is", "training rows are")
    little = count_of(judged, "evaluation row is", "evaluation rows are")
    thin = count_of(
        bare, "training row has no hard negatives and is", "training rows have no hard negatives and are"
    )
    notes = [
        (len(rows) < ADVISED_TRAIN, f"{few} few; {ADVISED_TRAIN} are advised"),
        (judged < ADVISED_EVAL, f"{little} few; {ADVISED_EVAL} are advised"),
        (bare > 0, f"{thin} {fate}"),
        (unscored > 0, f"left out: {count_of(unscored, 'training row')} without scores of the teacher"),
    ]
    return replace(
        data, rows=rows, scores=scores, notes=(*data.notes, *(note for holds, note in notes if holds))
    )


def split(
    rows: Sequence[Row], fraction: float, seed: int, encoder: Encoder | None = None
) -> tuple[list[Row], list[Row]]:
    """Training and evaluation rows that share no query and no relevant passage; with an encoder no
    near-paraphrase of a query either. Raises Inseparable.
    """
    plan = SplitPlan(fraction=fraction, seed=seed, least_train=MIN_TRAIN, least_eval=MIN_EVAL)
    sides = split_rows(rows, plan, encoder).tolist()
    return (
        [row for row, held_out in zip(rows, sides, strict=True) if not held_out],
        [row for row, held_out in zip(rows, sides, strict=True) if held_out],
    )


def _source(path: Path) -> dict[str, Any]:
    """Name and digest of a file, or of all files of a folder."""
    if not path.is_dir():
        return {"file": path.name, "sha256": files.sha256(path)}
    digest = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        digest.update(
            f"{file.relative_to(path).as_posix()} {files.sha256(file)}\n".encode("utf-8", "surrogateescape")
        )
    return {"file": path.resolve().name, "sha256": digest.hexdigest()}
