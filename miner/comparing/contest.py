"""Which file trains better? The same model, queries, steps and seeds, once on the rows of each.

Each seed holds a fifth of the queries out, by groups that share relevant passages or are near-paraphrases. A
held-out query chooses among its relevant passages, of either file, and those passages nearest to it that answer
queries of other groups. Negatives of neither file are among them: a file with false ones would teach to rank
them low, and be praised for it. All seeds go into one paired interval over the groups of queries.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from miner.comparing.sides import RowPair, drawn, groups_of
from miner.comparing.space import TextSpace
from miner.data import Bool, Float64, Row
from miner.encoders import Encoder
from miner.errors import ConfigError, require
from miner.models.load import kind_of
from miner.models.locate import Located, locate
from miner.progress import Clock
from miner.progress.live import duration
from miner.reranking.evaluate import Comparison, compare
from miner.reranking.tasks import Task, measure
from miner.splitting.plan import SplitPlan, split_rows
from miner.training.dataset import MIN_EVAL, MIN_TRAIN
from miner.training.estimate import estimate, shown
from miner.training.examples import count_steps, examples
from miner.training.models import begin, plan_for, untouched
from miner.training.plan import DISTILLING, TrainPlan, TrainSettings

NEAREST = 50
HELD_OUT = 0.2


@dataclass(frozen=True, slots=True)
class ContestSettings:
    """How to train: `settings` as for `train`, whose seed is the first of `seeds`; at most `rows` queries, drawn."""

    settings: TrainSettings = field(default_factory=TrainSettings)
    seeds: int = 3
    rows: int = 400

    def __post_init__(self) -> None:
        if min(self.seeds, self.rows) < 1:
            raise ConfigError("seeds and rows of the training are at least 1")
        if self.settings.loss in DISTILLING:
            raise ConfigError(
                f"loss is {self.settings.loss!r}; files are compared by what is relevant, without a teacher"
            )


@dataclass(frozen=True)
class Contest:
    """What models trained on either file did on queries that neither saw."""

    plan: TrainPlan
    rows: int
    """Queries trained on with each seed, at most."""
    steps: int
    """Optimizer steps of each model, at most."""
    seeds: tuple[int, ...]
    between: Comparison
    """From a model trained on the first file to one trained on the second."""
    from_untouched: tuple[Comparison, Comparison]
    """From the model that training began with to either."""

    @property
    def better(self) -> str | None:
        """'a' or 'b'; None where no difference is shown."""
        return {"gain": "b", "loss": "a"}.get(self.between.primary.verdict)

    def record(self) -> dict[str, Any]:
        return {
            "plan": self.plan.record(),
            "rows": self.rows,
            "steps": self.steps,
            "seeds": list(self.seeds),
            "better": self.better,
            "from_a_to_b": _named(self.between, "a", "b"),
            "from_untouched_to_a": _named(self.from_untouched[0], "untouched", "a"),
            "from_untouched_to_b": _named(self.from_untouched[1], "untouched", "b"),
        }


def _named(comparison: Comparison, before: str, after: str) -> dict[str, Any]:
    record = comparison.record()
    metrics = {
        name: {{"base": before, "tuned": after}.get(key, key): value for key, value in figures.items()}
        for name, figures in record["metrics"].items()
    }
    return {**record, "metrics": metrics}


def contest(
    pairs: Sequence[RowPair],
    space: TextSpace,
    asked: ContestSettings,
    encoder: Encoder | None = None,
    clock: Clock | None = None,
    tell: Callable[[str], object] = lambda note: None,
) -> Contest:
    """Train on both files and judge. `space` holds the texts of the pairs; the encoder finds near-paraphrases.

    Raises Inseparable where too few queries stand apart, ModelError, MissingExtra.
    """
    require("datasets", "accelerate", extra="train", purpose="training on both files")
    clock = clock or Clock()
    both = [pair for pair in pairs if pair.a.negatives and pair.b.negatives]
    chosen = drawn(both, asked.rows, asked.settings.seed)
    base = locate(asked.settings.model)
    every = [pair.a.row for pair in chosen] + [pair.b.row for pair in chosen]
    if not every:
        raise ConfigError("no query has negatives in both files, so there is nothing to train on")
    plan = plan_for(base, kind_of(base.folder), every, asked.settings)
    for note in plan.notes:
        tell(note)
    arena, found = _Arena(chosen, _Field(pairs, space, chosen), base, clock, tell), list[_Round]()
    seeds = tuple(range(asked.settings.seed, asked.settings.seed + asked.seeds))
    for done, seed in enumerate(seeds):
        held_out = _held_out(chosen, seed, encoder)
        tell(
            f"seed {seed}: trains twice on {int((~held_out).sum())} queries, judges on {int(held_out.sum())}"
        )
        found.append(arena.run(held_out, replace(plan, seed=seed), len(seeds) - done))
    return _summary(plan, seeds, found)


def _held_out(pairs: Sequence[RowPair], seed: int, encoder: Encoder | None) -> Bool:
    """[pairs]"""
    rows = [Row(pair.query, tuple(pair.relevant.values())) for pair in pairs]
    plan = SplitPlan(fraction=HELD_OUT, seed=seed, least_train=MIN_TRAIN, least_eval=MIN_EVAL)
    return split_rows(rows, plan, encoder)


class _Field:
    """What held-out queries choose among."""

    def __init__(self, pairs: Sequence[RowPair], space: TextSpace, chosen: Sequence[RowPair]) -> None:
        owners: dict[str, set[int]] = {}
        groups = groups_of(pairs).tolist()
        for pair, group in zip(pairs, groups, strict=True):
            for text in pair.relevant.values():
                owners.setdefault(text, set()).add(group)
        self.texts, self.owners = list(owners), list(owners.values())
        self.vectors = space.of(self.texts)
        place = {id(pair): i for i, pair in enumerate(pairs)}
        self.groups = {id(pair): groups[place[id(pair)]] for pair in chosen}
        self.queries = {id(pair): space.queries[place[id(pair)]] for pair in chosen}

    def task(self, pair: RowPair) -> Task:
        """Its relevant passages, then the nearest that answer others."""
        order = np.argsort(-(self.vectors @ self.queries[id(pair)]), kind="stable").tolist()
        group = self.groups[id(pair)]
        others = [self.texts[i] for i in order if group not in self.owners[i]][:NEAREST]
        relevant = tuple(pair.relevant.values())
        return Task(pair.query, (*relevant, *others), len(relevant))


@dataclass(frozen=True)
class _Round:
    """One seed: METRICS [tasks, 4] of the untouched model and of either trained one."""

    tasks: list[Task]
    rows: int
    steps: int
    figures: tuple[Float64, Float64, Float64]


@dataclass(frozen=True)
class _Arena:
    """Where both files are trained on, seed by seed."""

    pairs: Sequence[RowPair]
    field: _Field
    base: Located
    clock: Clock
    tell: Callable[[str], object]

    def run(self, held_out: Bool, plan: TrainPlan, left: int) -> _Round:
        """One seed; `left` are those that are still to come, with this one."""
        sides = list(zip(self.pairs, held_out.tolist(), strict=True))
        tasks = [self.field.task(pair) for pair, out in sides if out]
        rows = [[pair.sides[place].row for pair, out in sides if not out] for place in (0, 1)]
        tables = [examples(own, plan) for own in rows]
        steps = min(count_steps(table, plan) for table in tables)
        start = time.perf_counter()
        before = measure(tasks, untouched(self.base, plan), self.clock)
        one = estimate(rows[0], tasks, plan, steps, steps, 1.0, time.perf_counter() - start)
        whole = f"about {duration(2 * left * one.seconds)} are left for {2 * left} trainings"
        self.tell(f"{whole} of {steps:,} steps, {shown(one.step)} each")
        a, b = (self._trained(table, plan, steps, tasks) for table in tables)
        return _Round(tasks, len(rows[0]), steps, (before, a, b))

    def _trained(self, table: Any, plan: TrainPlan, steps: int, tasks: Sequence[Task]) -> Float64:
        """METRICS [tasks, 4] of a model trained on one file."""
        from miner.training.fit import Recorder, fit

        tuned, model = begin(self.base, plan)
        with tempfile.TemporaryDirectory(prefix="miner-") as folder:
            recorder = Recorder(Path(folder) / "metrics.jsonl", steps, None, self.clock)
            fit(model, table, plan, Path(folder), recorder, None, steps)
        return measure(tasks, tuned, self.clock)


def _summary(plan: TrainPlan, seeds: tuple[int, ...], rounds: Sequence[_Round]) -> Contest:
    tasks = [task for each in rounds for task in each.tasks]
    before, a, b = (np.concatenate([each.figures[i] for each in rounds]) for i in range(3))
    return Contest(
        plan,
        max(each.rows for each in rounds),
        max(each.steps for each in rounds),
        seeds,
        compare(tasks, a, b, plan.seed),
        (compare(tasks, before, a, plan.seed), compare(tasks, before, b, plan.seed)),
    )
