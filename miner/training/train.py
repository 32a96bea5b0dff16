"""From mined rows to a fine-tuned reranker, judged against its base, in one folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from miner.corpus.options import ReadOptions
from miner.errors import ModelError, OutputError, install_line, require
from miner.models.load import Kind, is_static, kind_of, load_cross_encoder, load_sentence_transformer, longest
from miner.models.locate import Located, locate
from miner.models.weights import weights_sha256
from miner.progress import Clock
from miner.reranking.evaluate import Comparison, compare
from miner.reranking.metrics import METRICS, PRIMARY
from miner.reranking.score import BiReranker, CombinedReranker, CrossReranker, Reranker
from miner.reranking.store import RECORD, save_reranker
from miner.reranking.tasks import measure
from miner.storage import files
from miner.training.curve import draw
from miner.training.dataset import Data, read_data, trainable
from miner.training.examples import count_steps, examples
from miner.training.plan import LISTWISE, TrainPlan, TrainSettings, make_plan
from miner.training.workspace import METRICS as METRICS_FILE
from miner.training.workspace import Workspace, read_metrics
from miner.version import __version__

CURVE = "curve.svg"
WATCHED = 200
"""Evaluation rows judged while training; all are judged before and after."""
PACKAGES = ("torch", "transformers", "sentence-transformers", "datasets", "accelerate")
NO_SPACE = 64 * 2**20


@dataclass(frozen=True)
class Training:
    """What a run gave: how the models compare, which one was kept, and what is to be said about it."""

    plan: TrainPlan
    comparison: Comparison
    kept: str
    """'tuned' or 'base'."""
    notes: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """The run as JSON-able values."""
        judged = self.comparison.record()
        return {
            "plan": self.plan.record(),
            "kept": self.kept,
            "notes": list(self.notes),
            "evaluation": judged,
        }

    @property
    def decision(self) -> str:
        change, name = self.comparison.primary, METRICS[PRIMARY]
        if self.kept == "base":
            return f"kept the base model: {name} on the evaluation rows did not improve ({change})"
        doubt = "" if change.verdict == "gain" else f", but the interval holds zero: {change.verdict}"
        return f"kept the tuned model: {name} changed by {change}{doubt}"


def train(
    path: str | Path,
    output: str | Path,
    eval_path: str | Path | None = None,
    settings: TrainSettings | None = None,
    clock: Clock | None = None,
    tell: Callable[[str], object] = lambda note: None,
    options: ReadOptions | None = None,
) -> Training:
    """Fine-tune a reranker on rows in any shape and write it to the folder `output`, whole or not at all.

    Without eval_path, a fifth of the rows is held out, nothing shared between both sides. A run that was
    killed goes on when called again with the same arguments. The base model is kept where the tuned one is
    not better on the evaluation rows. The folder holds the model, training.json, metrics.jsonl, curve.svg.
    `tell` hears, before training begins, what was chosen, what was passed over and what is thin about the data;
    `options` tell how the rows are read.

    Raises InputError for rows that cannot be trained on, ModelError for a model of another kind,
    OutputError where the disk is full, ConfigError and Locked for an output that is taken.
    """
    settings, clock = settings or TrainSettings(), clock or Clock()
    require("datasets", "accelerate", extra="train", purpose="training")
    path, eval_path = Path(path), None if eval_path is None else Path(eval_path)
    workspace = Workspace(Path(output))
    workspace.check()
    located = locate(settings.model)
    kind = kind_of(located.folder)
    if is_static(located.folder):
        raise ModelError(
            f"{located.folder}: is a static model, which cannot be trained; expected a transformer"
        )
    data = read_data(
        path, eval_path, settings.seed, settings.model if kind is Kind.ENCODER else None, options
    )
    plan = _plan(located, kind, data, settings)
    data = trainable(data, plan, path)
    for note in (*plan.notes, *data.notes):
        tell(note)
    identity = {
        "settings": asdict(settings),
        "data": data.record,
        "base": {"model": located.name, "sha256": weights_sha256(located.weights)},
    }
    size = sum(file.stat().st_size for file in located.weights)
    with workspace.opened(identity, size), _full_disk(workspace):
        training = _run(located, data, plan, workspace, clock)
        _write_records(training, identity, workspace, clock)
        workspace.publish()
    return training


def _plan(base: Located, kind: Kind, data: Data, settings: TrainSettings) -> TrainPlan:
    """The plan, with lengths counted by the base model's own tokenizer."""
    model = load_sentence_transformer(base) if kind is Kind.ENCODER else load_cross_encoder(base)

    def count(texts: Sequence[str]) -> list[int]:
        tokens = model.tokenizer(list(texts), add_special_tokens=False, verbose=False)
        return [len(ids) for ids in tokens["input_ids"]]

    return make_plan(data.rows, settings, kind, count, longest(model))


def _run(base: Located, data: Data, plan: TrainPlan, workspace: Workspace, clock: Clock) -> Training:
    from miner.training.fit import Recorder, fit

    untouched = _untouched(base, plan)
    before = measure(data.tasks, untouched, clock)
    resume = workspace.latest()
    workspace.rewind(resume)
    tuned, model = _fresh(base, plan)
    watched = data.tasks[:WATCHED]

    def judge() -> dict[str, float]:
        return dict(zip(METRICS, measure(watched, tuned).mean(axis=0).round(6).tolist(), strict=True))

    table = examples(data.rows, plan)
    recorder = Recorder(workspace.metrics, count_steps(table, plan), judge, clock)
    if resume is None:
        figures = before[:WATCHED].mean(axis=0).round(6).tolist()
        recorder.write(0, 0.0, dict(zip(METRICS, figures, strict=True)))
    last = fit(model, table, plan, workspace.checkpoints, recorder, resume)
    after = measure(data.tasks, tuned, clock)
    recorder.write(last, plan.epochs, dict(zip(METRICS, after[:WATCHED].mean(axis=0).tolist(), strict=True)))
    comparison = compare(data.tasks, before, after, plan.seed)
    kept = "tuned" if comparison.primary.mean > 0 else "base"
    shutil.rmtree(workspace.model, ignore_errors=True)
    save_reranker(tuned if kept == "tuned" else untouched, workspace.model)
    return Training(plan, comparison, kept, (*plan.notes, *data.notes))


def _untouched(base: Located, plan: TrainPlan) -> Reranker:
    if plan.arch == "cross":
        return CrossReranker(load_cross_encoder(base, max_length=plan.max_length))
    return BiReranker(load_sentence_transformer(base, max_length=plan.max_length))


def _fresh(base: Located, plan: TrainPlan) -> tuple[Reranker, Any]:
    """The reranker to be and the model in it that is trained."""
    import torch

    if plan.loss != LISTWISE:
        encoder = load_sentence_transformer(base, max_length=plan.max_length)
        return BiReranker(encoder), encoder
    torch.manual_seed(plan.seed)
    cross = load_cross_encoder(base, max_length=plan.max_length, from_encoder=True)
    alone = CrossReranker(cross)
    if plan.arch == "cross":
        return alone, cross
    return CombinedReranker(
        alone, BiReranker(load_sentence_transformer(base, max_length=plan.max_length))
    ), cross


def _write_records(training: Training, identity: dict[str, Any], workspace: Workspace, clock: Clock) -> None:
    curve = read_metrics(workspace.metrics)
    shutil.copyfile(workspace.metrics, workspace.model / METRICS_FILE)
    notes = list(training.notes)
    if not draw(curve, workspace.model / CURVE):
        notes.append(f"no learning curve was drawn; {install_line('report')}")
    record = {
        "miner": __version__,
        **identity,
        "plan": training.plan.record(),
        "evaluation": training.comparison.record(),
        "kept": training.kept,
        "decision": training.decision,
        "notes": notes,
        "curve": curve,
        "stages": clock.record(),
        "versions": {name: version(name) for name in PACKAGES},
    }
    files.write_json(workspace.model / RECORD, record)


@contextmanager
def _full_disk(workspace: Workspace) -> Iterator[None]:
    """Say that the disk is full where a library says something else about it."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{workspace.folder}: cannot be written ({error.strerror or error})") from None
    except Exception as error:
        if shutil.disk_usage(workspace.folder).free > NO_SPACE and "I/O error" not in str(error):
            raise
        raise OutputError(f"{workspace.folder}: cannot be written (the disk is full)") from None
