"""Training itself, by sentence-transformers' own trainers, with a recorder that watches."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from transformers import PrinterCallback, TrainerCallback

from miner.models.load import quiet
from miner.progress import Clock, Stage
from miner.training.plan import IN_BATCH, TrainPlan
from miner.training.stop import asked_to_stop
from miner.training.watch import ModelWatch

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

SAVE_SECONDS = 120.0
"""A killed run loses at most about this much work."""
EVALUATIONS, APART = 8, 5
"""At most so many evaluations on the way, at least so many steps apart."""
LOGS = 50


def steps_apart(steps: int) -> int:
    """How many steps lie between two evaluations of a run of so many."""
    return max(APART, steps // EVALUATIONS)


@dataclass
class Recorder(TrainerCallback):  # type: ignore[misc]
    """Writes loss and evaluation by step, tells how far it is, asks for a checkpoint now and then, and ends training
    where the watch says so."""

    path: Path
    steps: int
    watch: ModelWatch | None
    clock: Clock
    stage: Stage | None = None
    start: float = field(default_factory=time.monotonic)
    saved: float = field(default_factory=time.monotonic)

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        if self.stage and state.global_step:
            self.clock.advance(self.stage, state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **rest: Any) -> None:
        if self.stage:
            self.clock.advance(self.stage, 1)
        last = state.global_step >= state.max_steps
        if self.watch and (last or state.global_step % steps_apart(self.steps) == 0):
            with as_saved(model):
                figures, best = self.watch.look(state.global_step)
            self.write(state.global_step, state.epoch, figures)
            control.should_save = best and not last
            control.should_training_stop = last or self.watch.ended
        if time.monotonic() - self.saved >= SAVE_SECONDS:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self.saved = time.monotonic()
        if self.watch:
            self.watch.best.tidy()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **rest: Any) -> None:
        if "loss" not in (logs or {}):
            return
        if math.isfinite(logs["loss"]):
            figures = {"loss": round(logs["loss"], 6), "learning_rate": logs["learning_rate"]}
            self.write(state.global_step, state.epoch, figures)
        if self.watch:
            self.watch.alarm.loss(state.global_step, logs["loss"])
            control.should_training_stop |= self.watch.alarm.broken

    def write(self, step: int, epoch: float, figures: Mapping[str, float]) -> None:
        if figures:
            seconds = round(time.monotonic() - self.start, 1)
            record = {"step": step, "epoch": round(epoch, 4), "seconds": seconds, **figures}
            with self.path.open("ab") as stream:
                stream.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))


@contextmanager
def as_saved(model: Any) -> Iterator[None]:
    """Let the model compute as it will when it is loaded again: the trainer's mixed precision is put aside, which it
    lays over `forward`."""
    mixed = model.__dict__.pop("forward", None)
    try:
        yield
    finally:
        if mixed is not None:
            model.forward = mixed


@dataclass
class StopOnSignal(TrainerCallback):  # type: ignore[misc]
    """Ends training after the step at hand, with a checkpoint, once somebody asked for it."""

    asked: Any

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        if self.asked() and state.global_step < state.max_steps:
            control.should_save = control.should_training_stop = True


def fit(
    model: Any,
    data: Dataset | DatasetDict,
    plan: TrainPlan,
    folder: Path,
    recorder: Recorder,
    resume: Path | None,
    steps: int = -1,
) -> int:
    """Train the model in place: a SentenceTransformer, or a CrossEncoder where its arch is not bi.

    `folder` takes checkpoints; `resume` is one of them to go on from, bit for bit. `steps` may be other than
    the epochs of the plan. Returns the last step. Raises KeyboardInterrupt after Ctrl-C, when a checkpoint of the
    last whole step is written.
    """
    trainer_class, arguments_class, parts = _parts(model, plan)
    arguments = arguments_class(
        output_dir=str(folder),
        max_steps=steps,
        logging_steps=max(1, recorder.steps // LOGS),
        **_arguments(plan),
    )
    with (
        quiet(),
        asked_to_stop() as asked,
        recorder.clock.stage("train", recorder.steps, "steps") as stage,
    ):
        recorder.stage = stage
        trainer = type("Trainer", (_WithoutCard, trainer_class), {})(
            model=model,
            args=arguments,
            train_dataset=data,
            **parts,
            callbacks=[recorder, StopOnSignal(asked)],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    last, most = int(trainer.state.global_step), int(trainer.state.max_steps)
    if asked() and last < most:
        raise KeyboardInterrupt(
            f"stopped after step {last:,} of {most:,}; the same command goes on from there"
        )
    for name in ("forward", "_original_forward"):
        model.__dict__.pop(name, None)
    model.eval()
    return last


class _WithoutCard:
    """Mix-in of a trainer: no model card, as that would quote the training data."""

    def add_model_card_callback(self, defaults: dict[str, Any]) -> None: ...


def _arguments(plan: TrainPlan) -> dict[str, Any]:
    """What the trainer is told of the plan; it judges, saves and shows nothing by itself."""
    import torch

    return {
        "num_train_epochs": plan.epochs,
        "per_device_train_batch_size": plan.batch_size,
        "learning_rate": plan.learning_rate,
        "warmup_steps": 0.1,
        "bf16": plan.precision == "bf16",
        "use_cpu": not torch.cuda.is_available(),
        "seed": plan.seed,
        "batch_sampler": _batches(plan),
        "logging_nan_inf_filter": False,
        "save_strategy": "no",
        "save_total_limit": 1,
        "report_to": "none",
        "disable_tqdm": True,
    }


def _batches(plan: TrainPlan) -> Any:
    """How rows come into batches."""
    if plan.arch == "bi" and plan.lists:
        from miner.training.collate import SharedPassages

        return SharedPassages
    return "no_duplicates" if plan.loss == IN_BATCH else "batch_sampler"


def _parts(model: Any, plan: TrainPlan) -> tuple[Any, Any, dict[str, Any]]:
    """Trainer, its arguments, and the loss with the collator that it needs."""
    from miner.training.collate import DistinctPairs, DistinctTexts
    from miner.training.losses import LossOfDistinct, LossOfPairs, loss_named

    if plan.arch != "bi":
        from sentence_transformers.cross_encoder import CrossEncoderTrainer, CrossEncoderTrainingArguments
        from sentence_transformers.cross_encoder.losses import MarginMSELoss

        parts = (
            {"loss": LossOfPairs(model), "data_collator": DistinctPairs.of(model)}
            if plan.lists
            else {"loss": MarginMSELoss(model)}
        )
        return CrossEncoderTrainer, CrossEncoderTrainingArguments, parts
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments

    found = {
        "loss": LossOfDistinct(model, loss_named(plan.loss, model)),
        "data_collator": DistinctTexts.of(model),
    }
    return SentenceTransformerTrainer, SentenceTransformerTrainingArguments, found
