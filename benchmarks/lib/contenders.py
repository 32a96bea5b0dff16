"""The ways of mining that are compared, each a function of a trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.lib.hidden import Trial
from miner.data import KEPT, PADDED, PADDING, Bool, Float32, Int64
from miner.filters import Margin
from miner.selectors import RiskPenalty

COUNT = 5
MARGIN = 0.05
MARGINS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
Mined = tuple[Int64, Bool | None]
"""Rows [Q, COUNT], PADDING where a slot stays empty, and which candidates [Q, K] the method would take."""


def hardest(trial: Trial, kept: Bool) -> Mined:
    """The candidates of highest cosine among those kept."""
    kept = kept & trial.open
    order = np.argsort(~kept, axis=1, kind="stable")[:, :COUNT]
    rows = np.take_along_axis(trial.pool.rows, order, axis=1)
    return np.where(np.take_along_axis(kept, order, axis=1), rows, PADDING), kept


def naive(trial: Trial) -> Mined:
    return hardest(trial, trial.open)


def random(trial: Trial) -> Mined:
    """Drawn from the pool."""
    chance = np.random.default_rng(trial.seed).random(trial.pool.rows.shape)
    order = np.argsort(np.where(trial.open, chance, 2), axis=1)[:, :COUNT]
    return np.take_along_axis(trial.pool.rows, order, axis=1), None


def bm25(trial: Trial) -> Mined:
    """The first of the whole corpus by BM25 (Lucene's variant, English stop words, no stemming)."""
    import bm25s

    judged = trial.judged
    retriever = bm25s.BM25()
    retriever.index(bm25s.tokenize(judged.passages, show_progress=False), show_progress=False)
    asked = bm25s.tokenize([judged.queries[i] for i in trial.queries], show_progress=False)
    found, _ = retriever.retrieve(asked, k=COUNT + 1, show_progress=False)
    return _without(found, trial.revealed), None


def _without(found: Int64, revealed: Int64) -> Int64:
    order = np.argsort(found == revealed[:, None], axis=1, kind="stable")[:, :COUNT]
    return np.asarray(np.take_along_axis(found, order, axis=1), np.int64)


def nemo(trial: Trial) -> Mined:
    """NeMo's rule: at most 95 % of the similarity of the least similar relevant passage."""
    return hardest(trial, trial.pool.scores <= 0.95 * trial.pool.relevant_scores[:, None])


def margin(trial: Trial, relative: float = MARGIN) -> Mined:
    """miner's own margin filter."""
    return hardest(trial, Margin(relative=relative).keep(trial.pool))


def priced(trial: Trial, risk: Float32, price: float) -> Int64:
    """miner's priced selection over the whole pool, nothing cut off."""
    pool = replace(trial.pool, risk=risk)
    verdicts = np.where(trial.open, KEPT, PADDED).astype(np.uint8)
    wanted = np.full(len(pool.rows), COUNT, np.int64)
    columns = RiskPenalty(price=price).choose(pool, verdicts, wanted, trial.seed).columns
    rows = np.take_along_axis(pool.rows, np.maximum(columns, 0), axis=1)
    return np.where(columns == PADDING, PADDING, rows)


def sentence_transformers(trial: Trial) -> Mined:
    """sentence-transformers' mine_hard_negatives, the function itself, over the same vectors."""
    rows = _mine_hard_negatives(trial, COUNT)
    if not trial.irrelevant.any():
        return rows, None
    everything = _mine_hard_negatives(trial, trial.pool.rows.shape[1])
    kept = np.array([np.isin(line, taken) for line, taken in zip(trial.pool.rows, everything, strict=True)])
    return rows, kept & trial.open


class Table:
    """As much of a SentenceTransformer as mining needs: vectors by text."""

    device = "cpu"

    def __init__(self, trial: Trial, queries: Sequence[str]) -> None:
        judged = trial.judged
        self.passages = dict(zip(judged.passages, judged.vectors.astype(np.float32), strict=True))
        self.queries = dict(zip(queries, trial.pool.queries.astype(np.float32), strict=True))

    def encode_document(self, texts: Sequence[str], **_: Any) -> np.ndarray:
        return np.stack([self.passages[text] for text in texts])

    def encode_query(self, texts: Sequence[str], **_: Any) -> np.ndarray:
        return np.stack([self.queries[text] for text in texts])

    @staticmethod
    def similarity(queries: Any, passages: Any) -> Any:
        from sentence_transformers.util import cos_sim

        return cos_sim(queries, passages)

    @staticmethod
    def similarity_pairwise(queries: Any, passages: Any) -> Any:
        from sentence_transformers.util import pairwise_cos_sim

        return pairwise_cos_sim(queries, passages)


def _mine_hard_negatives(trial: Trial, count: int) -> Int64:
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives

    passages = trial.judged.passages
    queries = [f"{number} {trial.judged.queries[number]}" for number in trial.queries]
    shown = [passages[row] for row in trial.revealed]
    mined = mine_hard_negatives(
        Dataset.from_dict({"query": queries, "answer": shown}),
        Table(trial, queries),
        corpus=passages,
        range_max=trial.pool.rows.shape[1],
        relative_margin=MARGIN,
        num_negatives=count,
        sampling_strategy="top",
        output_format="triplet",
        verbose=False,
    )
    place, row_of = {text: i for i, text in enumerate(queries)}, {text: i for i, text in enumerate(passages)}
    rows = np.full((len(queries), count), PADDING, np.int64)
    filled = np.zeros(len(queries), np.int64)
    for query, negative in zip(mined["query"], mined["negative"], strict=True):
        rows[place[query], filled[place[query]]] = row_of[negative]
        filled[place[query]] += 1
    return rows


BASELINES: dict[str, Callable[[Trial], Mined]] = {
    "naive top-5": naive,
    "random of the top 100": random,
    "BM25": bm25,
    "sentence-transformers": sentence_transformers,
    "NeMo 0.95": nemo,
    "miner margin 0.05": margin,
}
