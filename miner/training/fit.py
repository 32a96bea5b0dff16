"""Training itself, by sentence-transformers' own trainers, with a recorder that watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from transformers import PrinterCallback, TrainerCallback

from miner.progress import Clock, Stage
from miner.training.plan import IN_BATCH, MARGIN_MSE, TrainPlan

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

SAVE_SECONDS = 120.0
"""A killed run loses at most about this much work."""
EVALUATIONS, APART = 8, 5
"""At most so many evaluations on the way, at least so many steps apart."""
LOGS = 50


@dataclass
class Recorder(TrainerCallback):  # type: ignore[misc]
    """Writes loss and evaluation by step, tells how far it is, and asks for a checkpoint now and then."""

    path: Path
    steps: int
    judge: Callable[[], dict[str, float]] | None
    clock: Clock
    stage: Stage | None = None
    start: float = field(default_factory=time.monotonic)
    saved: float = field(default_factory=time.monotonic)

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        if self.stage and state.global_step:
            self.clock.advance(self.stage, state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        if self.stage:
            self.clock.advance(self.stage, 1)
        due = state.global_step % max(APART, self.steps // EVALUATIONS) == 0
        if self.judge and due and state.global_step < state.max_steps:
            self.write(state.global_step, state.epoch, self.judge())
        if time.monotonic() - self.saved >= SAVE_SECONDS:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self.saved = time.monotonic()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **rest: Any) -> None:
        if "loss" in (logs or {}):
            figures = {"loss": round(logs["loss"], 6), "learning_rate": logs["learning_rate"]}
            self.write(state.global_step, state.epoch, figures)

    def write(self, step: int, epoch: float, figures: dict[str, float]) -> None:
        record = {"step": step, "epoch": round(epoch, 4), "seconds": round(time.monotonic() - self.start, 1)}
        with self.path.open("ab") as stream:
            stream.write(orjson.dumps({**record, **figures}, option=orjson.OPT_APPEND_NEWLINE))


def fit(
    model: Any,
    data: Dataset | DatasetDict,
    plan: TrainPlan,
    folder: Path,
    recorder: Recorder,
    resume: Path | None,
) -> int:
    """Train the model in place: a SentenceTransformer, or a CrossEncoder where its arch is not bi.

    Columns are embedded one by one: merged, short texts would be padded to the longest of any column.
    `folder` takes checkpoints; `resume` is one of them to go on from, bit for bit. Returns the last step.
    """
    import torch
    from sentence_transformers.base.losses.merged_forward import column_merging_disabled

    trainer_class, arguments_class, loss = _parts(model, plan)

    arguments = arguments_class(
        output_dir=str(folder),
        num_train_epochs=plan.epochs,
        per_device_train_batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        warmup_steps=0.1,
        bf16=plan.precision == "bf16",
        use_cpu=not torch.cuda.is_available(),
        seed=plan.seed,
        batch_sampler="no_duplicates" if plan.loss == IN_BATCH else "batch_sampler",
        logging_steps=max(1, recorder.steps // LOGS),
        save_strategy="no",
        save_total_limit=1,
        report_to="none",
        disable_tqdm=True,
    )
    trainer = type("Trainer", (_WithoutCard, trainer_class), {})(
        model=model, args=arguments, train_dataset=data, loss=loss, callbacks=[recorder]
    )
    trainer.remove_callback(PrinterCallback)
    with column_merging_disabled(), recorder.clock.stage("train", recorder.steps, "steps") as stage:
        recorder.stage = stage
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    model.eval()
    return int(trainer.state.global_step)


class _WithoutCard:
    """Mix-in of a trainer: no model card, as that would quote the training data."""

    def add_model_card_callback(self, defaults: dict[str, Any]) -> None: ...


def _parts(model: Any, plan: TrainPlan) -> tuple[Any, Any, Any]:
    """Trainer, its arguments and the loss."""
    loss: Any
    if plan.arch != "bi":
        from sentence_transformers.cross_encoder import CrossEncoderTrainer, CrossEncoderTrainingArguments
        from sentence_transformers.cross_encoder.losses import ListNetLoss
        from sentence_transformers.cross_encoder.losses import MarginMSELoss as CrossMarginMSELoss

        loss = ListNetLoss(model, mini_batch_size=-1) if plan.lists else CrossMarginMSELoss(model)
        return CrossEncoderTrainer, CrossEncoderTrainingArguments, loss
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import MarginMSELoss, MultipleNegativesRankingLoss

    from miner.training.losses import OwnNegativesLoss, scaled_cosine

    if plan.loss == IN_BATCH:
        loss = MultipleNegativesRankingLoss(model)
    elif plan.loss == MARGIN_MSE:
        loss = MarginMSELoss(model, similarity_fct=scaled_cosine)
    else:
        loss = OwnNegativesLoss(model)
    return SentenceTransformerTrainer, SentenceTransformerTrainingArguments, loss
