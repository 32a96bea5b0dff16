"""How to train: what was asked for, filled up with what suits the data, each choice with its reason.

Defaults measured on small sets with an encoder of 22 million weights: in-batch negatives (InfoNCE, van den
Oord et al. 2018) gain most where a query has one relevant passage of its own; where queries share passages,
other rows' passages are often answers too, and only the row's own negatives are safe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from miner.data import Row
from miner.errors import ConfigError, ModelError
from miner.models.hardware import best_device, has_bf16
from miner.models.load import Kind
from miner.progress import count_of
from miner.text.fold import fold

IN_BATCH, OWN, LISTWISE = "in-batch", "own", "listwise"
KL, MARGIN_MSE = "kl", "margin-mse"
DISTILLING = (KL, MARGIN_MSE)
"""Losses over a teacher's scores."""
ENOUGH_FOR_CROSS = 700
FEW_ROWS = 300
MANY_RELEVANT = 1.5
MANY_SHARED = 0.1
MAX_RELEVANT, MAX_NEGATIVES = 5, 10
HARD, RANDOM = 3, 2
"""Own negatives and passages of other rows that a fresh cross-encoder trains on."""
SHORTEST, LONGEST, STEP = 64, 256, 16
HELD = 0.95
SAMPLED = 2_000


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What was asked for; None leaves the choice to the data."""

    model: str | None = None
    arch: str | None = None
    """'bi' or 'cross'."""
    loss: str | None = None
    """'in-batch' or 'own', bi only; 'kl' or 'margin-mse' on a teacher's scores."""
    epochs: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    max_length: int | None = None
    random_negatives: int | None = None
    """Relevant passages of other rows beside the negatives of each."""
    seed: int = 0
    patience: int = 4
    """Evaluations without a gain after which training ends; 0 never ends it."""

    def __post_init__(self) -> None:
        allowed = {"arch": (None, "bi", "cross"), "loss": (None, IN_BATCH, OWN, *DISTILLING)}
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                found = getattr(self, name)
                raise ConfigError(f"{name} is {found!r}; expected {' or '.join(map(str, values[1:]))}")
        if self.patience < 0:
            raise ConfigError(f"patience is {self.patience}; expected a number of evaluations, or 0")
        for name in ("epochs", "learning_rate", "batch_size", "max_length"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"{name.replace('_', ' ')} is {value}; expected a number above 0")
        if self.random_negatives is not None and self.random_negatives < 0:
            raise ConfigError(f"random negatives is {self.random_negatives}; expected 0 or more")


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """All that decides a training run on given rows."""

    arch: str
    """'bi', 'cross', or 'combined': a cross-encoder made from an encoder and scored with it."""
    loss: str
    epochs: int
    learning_rate: float
    batch_size: int
    max_length: int
    precision: str
    seed: int
    notes: tuple[str, ...]
    """What was chosen and why, in sentences."""
    hard_negatives: int = MAX_NEGATIVES
    """The most negatives of a row that are trained on."""
    random_negatives: int = 0
    """Relevant passages of other rows beside them."""

    @property
    def lists(self) -> bool:
        """Whether a row is one example: all its passages with a label each."""
        return self.loss in (OWN, LISTWISE, KL)

    def record(self) -> dict[str, Any]:
        return asdict(self)


def make_plan(
    rows: Sequence[Row],
    asked: TrainSettings,
    kind: Kind,
    count: Callable[[Sequence[str]], list[int]],
    limit: int,
) -> TrainPlan:
    """The plan for these rows. `count` gives the tokens of texts, `limit` is the most the model can take.

    Raises ModelError where the model is of another kind than the architecture asked for.
    """
    arch = choose_arch(asked.arch, kind)
    notes = list[str]()
    if arch == "combined" and len(rows) < ENOUGH_FOR_CROSS:
        notes.append(
            f"a cross-encoder made from an encoder learns too little from {count_of(len(rows), 'row')}; "
            f"expect no gain below about {ENOUGH_FOR_CROSS}"
        )
    loss, epochs, rate, batch = _recipe(rows, asked, arch, notes)
    hard, others = _mixture(len(rows), asked, arch, loss, notes)
    length = asked.max_length or _length(rows, arch, count, limit, notes)
    if length > limit:
        raise ConfigError(f"max length is {length}; the model takes at most {limit} tokens")
    return TrainPlan(
        arch=arch,
        loss=loss,
        epochs=asked.epochs or epochs,
        learning_rate=asked.learning_rate or rate,
        batch_size=asked.batch_size or batch,
        max_length=length,
        precision=precision(),
        seed=asked.seed,
        notes=tuple(notes),
        hard_negatives=hard,
        random_negatives=others,
    )


def _mixture(rows: int, asked: TrainSettings, arch: str, loss: str, notes: list[str]) -> tuple[int, int]:
    """The most of a row's own negatives, and passages of other rows beside them."""
    if loss in DISTILLING:
        if asked.random_negatives:
            raise ConfigError(f"random negatives have no teacher's score; leave them out with loss {loss}")
        return MAX_NEGATIVES, 0
    others = asked.random_negatives
    if others is None:
        others = RANDOM if arch == "combined" else 0
    if not others:
        return MAX_NEGATIVES, 0
    notes.append(
        f"each row trains on at most {HARD} of its hard negatives and {others} passages of other rows: "
        "a cross-encoder without a trained head learns least from the hardest alone"
        if arch == "combined"
        else f"each row trains on {others} passages of other rows beside its negatives"
    )
    return (HARD if arch == "combined" else MAX_NEGATIVES), others


def choose_arch(asked: str | None, kind: Kind) -> str:
    if kind is Kind.CROSS_ENCODER:
        if asked == "bi":
            raise ModelError(
                "the model is a cross-encoder; expected an encoder for arch bi, or ask for cross"
            )
        return "cross"
    return "combined" if asked == "cross" else "bi"


def suggest(rows: Sequence[Row]) -> tuple[int, float, int]:
    """Epochs, learning rate and batch size that an encoder would be trained with on these rows."""
    _, epochs, rate, batch = _recipe(rows, TrainSettings(), "bi", [])
    return epochs, rate, batch


def _recipe(
    rows: Sequence[Row], asked: TrainSettings, arch: str, notes: list[str]
) -> tuple[str, int, float, int]:
    """Loss, epochs, learning rate and batch size."""
    if asked.loss in DISTILLING:
        notes.append(f"{asked.loss} on the teacher's scores")
        return (asked.loss, 2, 3e-5, 8) if arch == "bi" else (asked.loss, 3, 5e-5, 8)
    if arch != "bi":
        if asked.loss:
            raise ConfigError(
                f"loss is {asked.loss!r}; arch cross trains listwise, or with {' or '.join(DISTILLING)}"
            )
        notes.append("listwise loss over each row's own passages")
        return LISTWISE, 3, 5e-5, 8
    epochs = 2 if len(rows) >= FEW_ROWS else 3
    loss = asked.loss or _suited(rows, notes)
    return (loss, epochs, 5e-5, 16) if loss == IN_BATCH else (loss, epochs, 3e-5, 8)


def _suited(rows: Sequence[Row], notes: list[str]) -> str:
    relevant = sum(len(row.relevant_passages) for row in rows) / len(rows)
    shared = share_of_shared(rows)
    seen = f"{relevant:.1f} relevant passages a row, {shared:.0%} of rows share one with another row"
    if relevant <= MANY_RELEVANT and shared <= MANY_SHARED:
        notes.append(f"in-batch and own negatives ({seen})")
        return IN_BATCH
    notes.append(f"own negatives only, as other rows' passages may be relevant too ({seen})")
    return OWN


def share_of_shared(rows: Sequence[Row]) -> float:
    """The share of rows with a relevant passage that is also relevant in another row."""
    own = [{fold(text) for text in row.relevant_passages} for row in rows]
    uses = Counter(text for texts in own for text in texts)
    return sum(any(uses[text] > 1 for text in texts) for texts in own) / len(rows)


def _length(
    rows: Sequence[Row],
    arch: str,
    count: Callable[[Sequence[str]], list[int]],
    limit: int,
    notes: list[str],
) -> int:
    """The shortest multiple of STEP that holds nearly all texts (bi) or pairs (cross) whole."""
    picked = [rows[i] for i in np.linspace(0, len(rows) - 1, min(len(rows), SAMPLED)).astype(int)]
    queries = np.array(count([row.query for row in picked]))
    passages = [count([*row.relevant_passages, *row.hard_negatives[:MAX_NEGATIVES]]) for row in picked]
    if arch == "bi":
        lengths = np.array([*queries, *(tokens for row in passages for tokens in row)]) + 2
    else:
        lengths = np.array([q + p + 3 for q, row in zip(queries, passages, strict=True) for p in row])
    needed = float(np.quantile(lengths, HELD))
    length = min(max(SHORTEST, STEP * int(np.ceil(needed / STEP))), LONGEST, limit)
    cut = float(np.mean(lengths > length))
    what = "texts" if arch == "bi" else "pairs"
    notes.append(f"max length {length} tokens, which cuts {cut:.1%} of {what}")
    return length


def precision() -> str:
    """'bf16' where the machine computes in it natively, else 'fp32'."""
    return "bf16" if has_bf16(best_device()) else "fp32"
