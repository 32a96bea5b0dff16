"""The ways of mining that are compared, each a function of a trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

    def __init__(self, passages: Mapping[str, Float32], queries: Mapping[str, Float32]) -> None:
        self.passages, self.queries = passages, queries

    @property
    def corpus(self) -> list[str]:
        return list(self.passages)

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


def mined_by_text(
    table: Table, relevant: Mapping[str, Sequence[str]], count: int, depth: int
) -> dict[str, list[str]]:
    """What mine_hard_negatives with a relative margin makes of queries and their relevant passages: up to `count`
    negatives a query, hardest first, of the `depth` most similar."""
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives

    pairs = [(query, text) for query, texts in relevant.items() for text in texts]
    mined = mine_hard_negatives(
        Dataset.from_dict({"query": [query for query, _ in pairs], "answer": [text for _, text in pairs]}),
        table,
        corpus=table.corpus,
        range_max=depth,
        relative_margin=MARGIN,
        num_negatives=count,
        sampling_strategy="top",
        output_format="triplet",
        verbose=False,
    )
    found: dict[str, dict[str, None]] = {query: {} for query in relevant}
    for query, negative in zip(mined["query"], mined["negative"], strict=True):
        found[query][negative] = None
    return {query: list(texts) for query, texts in found.items()}


def _mine_hard_negatives(trial: Trial, count: int) -> Int64:
    passages = trial.judged.passages
    queries = [f"{number} {trial.judged.queries[number]}" for number in trial.queries]
    shown = {query: [passages[row]] for query, row in zip(queries, trial.revealed, strict=True)}
    table = Table(
        dict(zip(passages, trial.judged.vectors.astype(np.float32), strict=True)),
        dict(zip(queries, trial.pool.queries.astype(np.float32), strict=True)),
    )
    mined = mined_by_text(table, shown, count, trial.pool.rows.shape[1])
    row_of = {text: i for i, text in enumerate(passages)}
    rows = np.full((len(queries), count), PADDING, np.int64)
    for i, query in enumerate(queries):
        own = [row_of[text] for text in mined[query]]
        rows[i, : len(own)] = own
    return rows


BASELINES: dict[str, Callable[[Trial], Mined]] = {
    "naive top-5": naive,
    "random of the top 100": random,
    "BM25": bm25,
    "sentence-transformers": sentence_transformers,
    "NeMo 0.95": nemo,
    "miner margin 0.05": margin,
}
