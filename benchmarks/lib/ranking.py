"""How well scores order the candidates of a query: one number a query, NaN where there is nothing to order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata

from miner.data import Bool, Float64

FIRST = 10
SMALLEST = 1
"""Candidates of either kind that a query needs."""


def _auc(scores: Float64, relevant: Bool) -> float:
    """How often a relevant candidate comes before another one (Mann & Whitney 1947), ties by half."""
    high, low = int(relevant.sum()), int((~relevant).sum())
    return float((rankdata(scores)[relevant].sum() - high * (high + 1) / 2) / (high * low))


def _average_precision(scores: Float64, relevant: Bool, first: int | None = None) -> float:
    """Mean precision at the relevant candidates, as trec_eval's map and map_cut; ties in the order given."""
    hits = relevant[np.argsort(-scores, kind="stable")][:first]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].sum() / min(int(relevant.sum()), len(hits)))


def _at_length(scores: Float64, relevant: Bool) -> float:
    """Precision among as many as are relevant (RLHN, arXiv 2505.16967, table 7: P@L(GT))."""
    length = int(relevant.sum())
    return float(relevant[np.argsort(-scores, kind="stable")[:length]].mean())


MEASURES: dict[str, Callable[[Float64, Bool], float]] = {
    "auc": _auc,
    "ap": _average_precision,
    "map@10": lambda scores, relevant: _average_precision(scores, relevant, FIRST),
    "p@l": _at_length,
}


def by_query(scores: Float64, relevant: Bool, among: Bool) -> dict[str, Float64]:
    """[Q] of each measure from scores, relevant and among [Q, K]."""
    found = {name: np.full(len(scores), np.nan) for name in MEASURES}
    hits, others = (relevant & among).sum(axis=1), (~relevant & among).sum(axis=1)
    for i in np.flatnonzero(np.minimum(hits, others) >= SMALLEST):
        mine = among[i]
        for name, measure in MEASURES.items():
            found[name][i] = measure(scores[i, mine], relevant[i, mine])
    return found
