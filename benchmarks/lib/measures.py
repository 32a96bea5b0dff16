"""Shares and means over queries, with 95 % bootstrap intervals that draw whole queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.lib.hidden import Trial
from miner.data import PADDING, Bool, Float32, Float64, Int64

DRAWS = 1000
CELLS = 1024
"""Classes of equal size that scores are sorted into for the interval of an AUC."""

Interval = list[float]
"""A value and the bounds of its 95 % interval."""


@dataclass(frozen=True)
class Ratio:
    """A sum over a sum, by query [Q]."""

    over: Float64
    under: Float64

    @property
    def value(self) -> float:
        return float(self.over.sum() / self.under.sum()) if self.under.any() else float("nan")

    def drawn(self, draws: Float64) -> Float64:
        """[B] values under the query weights [B, Q]."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((draws @ self.over) / (draws @ self.under))


Tally = dict[str, Ratio]


def bootstrap(queries: Int64) -> Float64:
    """[B, Q] how often each entry counts when its query is drawn with replacement; entries of one query, as
    from several seeds, are drawn together."""
    different, which = np.unique(queries, return_inverse=True)
    rng = np.random.default_rng(0)
    chances = np.full(len(different), 1 / len(different))
    return rng.multinomial(len(different), chances, DRAWS)[:, which].astype(np.float64)


def interval(value: float, drawn: Float64) -> Interval:
    low, high = np.nanpercentile(drawn, [2.5, 97.5]) if np.isfinite(drawn).any() else (np.nan, np.nan)
    return [round(float(each), 5) for each in (value, low, high)]


def tally(trial: Trial, rows: Int64, kept: Bool | None = None) -> Tally:
    """Of the mined rows [Q, n], PADDING where a slot stayed empty; `kept` are the candidates that the method
    would take."""
    taken = rows != PADDING
    count = taken.sum(axis=1).astype(np.float64)
    cosines, ranks = _standing(trial, rows)
    wanted = [set(trial.judged.relevant[i]) for i in trial.queries]
    false = np.array(
        [sum(row in those for row in line) for line, those in zip(rows.tolist(), wanted, strict=True)]
    )
    found = {
        "leak": Ratio(false.astype(np.float64), count),
        "cosine": Ratio(np.where(taken, cosines, 0).sum(axis=1), count),
        "rank": Ratio(np.where(taken, ranks, 0).sum(axis=1), count),
        "filled": Ratio(count, np.full(len(rows), float(rows.shape[1]))),
    }
    judged = trial.irrelevant & trial.open
    if kept is not None and judged.any():
        dropped = (judged & ~kept).sum(axis=1).astype(np.float64)
        found["judged_dropped"] = Ratio(dropped, judged.sum(axis=1).astype(np.float64))
    return found


def _standing(trial: Trial, rows: Int64) -> tuple[Float64, Float64]:
    """Cosine to the query and rank from 1 among all passages, [Q, n] each."""
    found = rows[:, :, None] == trial.pool.rows[:, None, :]
    columns = found.argmax(axis=2)
    cosines = np.take_along_axis(trial.pool.scores, columns, axis=1).astype(np.float64)
    ranks = columns + 1.0
    outside = (rows != PADDING) & ~found.any(axis=2)
    vectors = trial.judged.vectors.astype(np.float32)
    for i in np.flatnonzero(outside.any(axis=1)):
        scores = vectors @ trial.pool.queries[i].astype(np.float32)
        mine = scores[rows[i, outside[i]]]
        cosines[i, outside[i]] = mine
        ranks[i, outside[i]] = 1 + np.sum(scores > mine[:, None], axis=1)
    return cosines, ranks


def together(tallies: Sequence[Tally]) -> Tally:
    """The tallies of several trials as one."""
    return {
        name: Ratio(
            np.concatenate([each[name].over for each in tallies]),
            np.concatenate([each[name].under for each in tallies]),
        )
        for name in tallies[0]
    }


def auc(scores: Float32, relevant: Bool, among: Bool, draws: Float64) -> Interval:
    """How often a hidden relevant candidate has a higher score than another one, over all pools [Q, K]
    together (Mann & Whitney 1947); its interval from scores in classes of equal size."""
    from scipy.stats import rankdata

    positive = relevant[among]
    high, low = int(positive.sum()), int((~positive).sum())
    value = (rankdata(scores[among])[positive].sum() - high * (high + 1) / 2) / (high * low)
    edges = np.unique(np.quantile(scores[among], np.linspace(0, 1, CELLS + 1)[1:-1]))
    cell = np.searchsorted(edges, scores)
    counts = np.zeros((2, len(scores), len(edges) + 1))
    line = np.broadcast_to(np.arange(len(scores))[:, None], scores.shape)
    np.add.at(counts, (relevant.astype(int)[among], line[among], cell[among]), 1)
    others, hits = (draws @ each for each in counts)
    below = np.cumsum(others, axis=1) - others / 2
    return interval(value, np.sum(hits * below, axis=1) / (hits.sum(axis=1) * others.sum(axis=1)))
