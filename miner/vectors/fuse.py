"""Several miners as one: candidates of several indexes over the same corpus, fused by their ranks.

Reciprocal rank fusion (Cormack, Clarke & Buettcher 2009, SIGIR, section 2) with their constant of 60.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from miner.data import PADDING, Float64, Int64

CONSTANT = 60


def fuse(lists: Sequence[Int64], depth: int) -> tuple[Int64, Int64]:
    """Rows [Q, depth] by falling fused score, ties by row, and their ranks [lists, Q, depth] in each of the
    lists of rows [Q, K]: from 1, 0 where a list does not have the row."""
    fused = [_fuse([rows[i] for rows in lists], depth) for i in range(len(lists[0]))]
    rows = np.stack([rows for rows, _ in fused]) if fused else np.empty((0, depth), np.int64)
    ranks = (
        np.stack([ranks for _, ranks in fused], axis=1)
        if fused
        else np.empty((len(lists), 0, depth), np.int64)
    )
    return rows, ranks


def _fuse(lists: Sequence[Int64], depth: int) -> tuple[Int64, Int64]:
    known = [rows[rows != PADDING] for rows in lists]
    union = np.unique(np.concatenate(known))
    ranks = np.zeros((len(lists), len(union)), np.int64)
    for line, rows in zip(ranks, known, strict=True):
        line[np.searchsorted(union, rows)] = np.arange(1, len(rows) + 1)
    score: Float64 = np.where(ranks > 0, 1.0 / (CONSTANT + ranks), 0.0).sum(axis=0)
    order = np.lexsort((union, -score))[:depth]
    width = (0, depth - len(order))
    return (
        np.pad(union[order], width, constant_values=PADDING),
        np.pad(ranks[:, order], ((0, 0), width)),
    )
