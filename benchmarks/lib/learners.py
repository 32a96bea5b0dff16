"""What is trained on mined rows in a benchmark: the bundled encoder, or a cross-encoder begun from it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from miner.data import Float32, Row
from miner.models.load import load_cross_encoder, load_sentence_transformer
from miner.progress import Clock
from miner.reranking.score import BiReranker, CrossReranker, Request, standardise
from miner.training.distilled import Scores
from miner.training.examples import count_steps, examples, usable
from miner.training.fit import Recorder, fit
from miner.training.plan import KL, LISTWISE, OWN, TrainPlan, precision

Views = dict[str, list[Float32]]
"""Scores of each request, by the name under which they are reported."""


@dataclass(frozen=True)
class Asked:
    """What test queries rank, and how the untouched encoder scores it."""

    requests: Sequence[Request]
    untouched: Sequence[Float32]


@dataclass(frozen=True)
class Learner:
    """How one kind of model is trained, and what its test queries rank."""

    name: str
    plan: TrainPlan
    depth: int
    """Passages nearest to a test query that are ranked; all relevant ones are."""
    whole: int
    """A corpus of at most so many passages is ranked whole."""

    @property
    def views(self) -> tuple[str, ...]:
        return (self.name,) if self.plan.loss == OWN else (self.name, f"{self.name} + encoder")

    def learn(
        self, rows: Sequence[Row], seed: int, asked: Asked, scores: Scores | None = None
    ) -> tuple[int, Views]:
        """Optimizer steps, and the scores of the model trained on labels, or on a teacher's `scores`."""
        import torch

        torch.manual_seed(seed)
        if self.plan.loss == OWN:
            encoder = load_sentence_transformer(None, max_length=self.plan.max_length)
            steps = train(encoder, rows, self.plan, seed, scores)
            with self._precision():
                return steps, {self.name: BiReranker(encoder).score_all(asked.requests)}
        from miner.models.locate import locate

        cross = load_cross_encoder(locate(), max_length=self.plan.max_length, from_encoder=True)
        steps = train(cross, rows, self.plan, seed, scores)
        with self._precision():
            alone = CrossReranker(cross).score_all(asked.requests)
        both = [standardise(a) + standardise(b) for a, b in zip(alone, asked.untouched, strict=True)]
        return steps, dict(zip(self.views, (alone, both), strict=True))

    def _precision(self) -> Any:
        import torch

        return torch.autocast("cpu", torch.bfloat16, enabled=self.plan.precision == "bf16")


def train(model: object, rows: Sequence[Row], plan: TrainPlan, seed: int, scores: Scores | None) -> int:
    """Train the model in place. Returns the optimizer's steps."""
    plan = replace(plan, seed=seed, loss=plan.loss if scores is None else KL)
    table = examples(usable(rows, plan), plan, scores)
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "metrics.jsonl", count_steps(table, plan), None, Clock())
        return fit(model, table, plan, Path(folder), recorder, None)


LEARNERS = {
    "bi": Learner("bi", TrainPlan("bi", OWN, 2, 3e-5, 8, 128, precision(), 0, ()), 30, 1_500),
    "cross": Learner("cross", TrainPlan("cross", LISTWISE, 3, 5e-5, 8, 96, precision(), 0, ()), 50, 0),
}
