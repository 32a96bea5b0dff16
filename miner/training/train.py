"""From mined rows to a fine-tuned reranker, judged against its base, in one folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miner.corpus.options import ReadOptions
from miner.errors import ConfigError, MinerError, ModelError, OutputError, install_line, require
from miner.models.load import Kind, is_static, kind_of
from miner.models.locate import locate
from miner.models.weights import weights_sha256
from miner.progress import Clock
from miner.reranking.evaluate import Comparison, compare
from miner.reranking.metrics import METRICS, PRIMARY
from miner.reranking.store import RECORD
from miner.storage import files
from miner.storage.paths import as_path, path_if_given
from miner.training.advice import TrainOutcome, advise
from miner.training.check import TrainCheck, check_rows
from miner.training.curve import draw
from miner.training.dataset import read_data, trainable
from miner.training.models import plan_for
from miner.training.plan import TrainPlan, TrainSettings
from miner.training.workspace import METRICS as METRICS_FILE
from miner.training.workspace import Workspace, read_metrics
from miner.version import __version__

if TYPE_CHECKING:
    from miner.training.run import TrainTiming

CURVE = "curve.svg"
PACKAGES = ("torch", "transformers", "sentence-transformers", "datasets", "accelerate")
NO_SPACE = 64 * 2**20


@dataclass(frozen=True)
class Training:
    """What a run gave: how the models compare, which one was kept, and what is to be said about it."""

    plan: TrainPlan
    check: TrainCheck
    comparison: Comparison
    kept: str
    """'tuned' or 'base'."""
    outcome: TrainOutcome
    timing: TrainTiming
    notes: tuple[str, ...]
    """What was said before the first step, and the warnings on the way."""

    def record(self) -> dict[str, Any]:
        """The run as JSON-able values."""
        return {
            "plan": self.plan.record(),
            "check": self.check.record(),
            "evaluation": self.comparison.record(),
            "kept": self.kept,
            "decision": self.decision,
            "advice": self.advice,
            "outcome": asdict(self.outcome),
            "timing": self.timing.record(),
            "notes": list(self.notes),
        }

    @property
    def decision(self) -> str:
        change, name = self.comparison.primary, METRICS[PRIMARY]
        if self.kept == "base":
            return f"kept the base model: {name} on the evaluation rows did not improve ({change})"
        doubt = "" if change.verdict == "gain" else f", but the interval holds zero: {change.verdict}"
        return f"kept the tuned model: {name} changed by {change}{doubt}"

    @property
    def advice(self) -> str:
        """What to try where no gain is shown; '' where one is."""
        return advise(self.comparison, self.check, self.plan, self.outcome)

    def sentences(self) -> tuple[str, ...]:
        """How it went, what was kept and what to try."""
        early = ", and ended early" if self.outcome.early else ""
        said = [f"{self.timing.sentence()}{early}"]
        if self.outcome.best_step < self.outcome.steps:
            best = f"the state of step {self.outcome.best_step:,} was the best on the evaluation rows"
            said.append(f"{best}; rows that chose flatter: `miner evaluate` on others tells more")
        return (*said, self.decision, *([self.advice] if self.advice else []))


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
    killed goes on when called again with the same arguments; Ctrl-C leaves a checkpoint. The best state by the first
    evaluation rows is taken, and the base model kept where that is not better on all of them. The folder holds the
    model, training.json, metrics.jsonl, curve.svg. `tell` hears, before training begins, what was chosen, what was
    passed over, what is to be known about the data and how long it will take; on the way, that scores or losses become
    one value. `options` tell how the rows are read.

    Raises InputError for rows that cannot be trained on, ModelError for a model of another kind,
    OutputError where the disk is full, ConfigError and Locked for an output that is taken, MinerError where
    training breaks down before there is anything to keep.
    """
    settings, clock = settings or TrainSettings(), clock or Clock()
    require("datasets", "accelerate", extra="train", purpose="training")
    if not isinstance(settings, TrainSettings):
        raise ConfigError(f"the settings are of type {type(settings).__name__}; expected TrainSettings(...)")
    path, eval_path = as_path(path, "the file of rows"), path_if_given(eval_path, "the evaluation file")
    workspace = Workspace(as_path(output, "the output"))
    workspace.check()
    located = locate(settings.model)
    kind = kind_of(located.folder)
    if is_static(located.folder):
        raise ModelError(
            f"{located.folder}: is a static model, which cannot be trained; expected a transformer"
        )
    base = settings.model if kind is Kind.ENCODER else None
    data = read_data(path, eval_path, settings.seed, base, options)
    plan = plan_for(located, kind, data.rows, settings)
    data = trainable(data, plan, path)
    check = check_rows(path, data.rows, len(data.tasks))
    notes = (*plan.notes, *check.sentences(), *data.notes)
    for note in notes:
        tell(note)
    identity = {
        "settings": asdict(settings),
        "data": data.record,
        "base": {"model": located.name, "sha256": weights_sha256(located.weights)},
    }
    size = sum(file.stat().st_size for file in located.weights)
    from miner.training.run import TrainRun

    with workspace.opened(identity, size), _full_disk(workspace):
        run = TrainRun(located, data, plan, settings.patience, workspace, clock, tell)
        before, after, outcome, timing, better = run.finish()
        comparison, kept = compare(data.tasks, before, after, plan.seed), "tuned" if better else "base"
        training = Training(plan, check, comparison, kept, outcome, timing, (*notes, *outcome.warnings))
        _write_records(training, identity, workspace, clock)
        workspace.publish()
    return training


def _write_records(training: Training, identity: dict[str, Any], workspace: Workspace, clock: Clock) -> None:
    curve = read_metrics(workspace.metrics)
    shutil.copyfile(workspace.metrics, workspace.model / METRICS_FILE)
    record = training.record()
    if not draw(curve, workspace.model / CURVE):
        record["notes"].append(f"no learning curve was drawn; {install_line('report')}")
    made = {"miner": __version__, **identity, **record, "curve": curve, "stages": clock.record()}
    made["versions"] = {name: version(name) for name in PACKAGES}
    files.write_json(workspace.model / RECORD, made)


@contextmanager
def _full_disk(workspace: Workspace) -> Iterator[None]:
    """Say that the disk is full where a library says something else about it."""
    try:
        yield
    except MinerError:
        raise
    except OSError as error:
        raise OutputError(f"{workspace.folder}: cannot be written ({error.strerror or error})") from None
    except Exception as error:
        if shutil.disk_usage(workspace.folder).free > NO_SPACE and "I/O error" not in str(error):
            raise
        raise OutputError(f"{workspace.folder}: cannot be written (the disk is full)") from None
