"""Which rows are for evaluation: whole components, drawn by seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from miner.data import Bool, Int64, Row
from miner.encoders.base import Encoder
from miner.errors import ConfigError, Inseparable
from miner.progress import count_of
from miner.splitting.ties import Ties
from miner.validating.sets import EVAL_QUERIES, TRAIN_QUERIES


@dataclass(frozen=True)
class SplitPlan:
    """How to split. Raises ConfigError for a value that cannot be."""

    fraction: float = 0.2
    """Of the queries, for evaluation."""
    seed: int = 0
    near: float = 0.85
    """Cosine from which queries are near-paraphrases, where an encoder is given."""
    least_train: int = TRAIN_QUERIES
    least_eval: int = EVAL_QUERIES
    """Cohere's minima of different queries."""

    def __post_init__(self) -> None:
        if not 0 < self.fraction < 1:
            raise ConfigError(f"the evaluation fraction is {self.fraction}; expected between 0 and 1")
        if not 0 < self.near <= 1:
            raise ConfigError(f"the near-paraphrase cosine is {self.near}; expected over 0 and up to 1")
        if min(self.least_train, self.least_eval) < 1:
            raise ConfigError("the least number of queries of a set is below 1")


def split_rows(rows: Sequence[Row], plan: SplitPlan, encoder: Encoder | None = None) -> Bool:
    """[rows] True for evaluation. Raises Inseparable where the plan cannot be kept."""
    parts = Ties.of(rows).components(encoder, plan.near)
    return choose(parts.sizes, plan)[parts.of_query[parts.query_of]]


def choose(sizes: Int64, plan: SplitPlan) -> Bool:
    """[components] True for evaluation: in seeded order, each that still fits the fraction of queries.

    `sizes` are queries a component. Raises Inseparable that says why where the minima cannot be kept.
    """
    total, needed = int(sizes.sum()), plan.least_train + plan.least_eval
    if total < needed:
        raise Inseparable(
            f"found {count_of(total, 'different query')}; {plan.least_train} for training and {plan.least_eval} for"
            f" evaluation need {needed}"
        )
    most = total - plan.least_train
    wanted = min(max(round(plan.fraction * total), plan.least_eval), most)
    chosen = np.zeros(len(sizes), bool)
    taken = 0
    for component in np.random.default_rng(plan.seed).permutation(len(sizes)):
        if taken + sizes[component] <= wanted:
            chosen[component] = True
            taken += int(sizes[component])
    if taken < plan.least_eval:
        taken += _add_smallest(chosen, sizes, most - taken)
    if taken < plan.least_eval:
        raise Inseparable(
            f"the largest group of queries that share relevant passages or are near-paraphrases holds"
            f" {sizes.max()} of {total}: no evaluation set of {plan.least_eval} or more leaves"
            f" {plan.least_train} for training"
        )
    return chosen


def _add_smallest(chosen: Bool, sizes: Int64, room: int) -> int:
    """Take in the smallest component that is left, where it fits; its size, else 0."""
    left = np.flatnonzero(~chosen)
    smallest = left[np.argmin(sizes[left])]
    if sizes[smallest] > room:
        return 0
    chosen[smallest] = True
    return int(sizes[smallest])
