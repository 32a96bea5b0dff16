"""What texts have in common, letter by letter: of a query, its candidates and its relevant passages.

A text is the set of its shingles (fold.py), which needs no words and so no language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from miner.data import Float32, Float64, Int64, UInt16
from miner.text.fold import PLACES, Folded, fold_all

TOGETHER, FIELD = 3, 20
"""Counts that are kept in one number, and the bits of each, which hold PLACES."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Of one query with K candidates and R relevant passages."""

    covered: Float32
    """[K] share of the query's shingles that stand in the candidate."""
    shared: Float32
    """[R, K] cosine of the sets of shingles of relevant passage and candidate, without those of the query."""


def overlap(query: str, candidates: Sequence[str], relevant: Sequence[str]) -> Overlap:
    """Of texts. A text without shingles has nothing in common with any."""
    asked, *known = fold_all([query, *relevant])
    return overlap_of_folded(asked, fold_all(candidates), known)


def overlap_of_folded(query: Folded, candidates: Sequence[Folded], relevant: Sequence[Folded]) -> Overlap:
    """As overlap."""
    ours = [each.places for each in candidates]
    outside = np.ones(PLACES, np.bool_)
    outside[query.places] = False
    beyond = [each.places[outside[each.places]] for each in relevant]
    sizes = np.array([len(each) for each in ours], np.int64)
    in_query, *common = _counts(ours, sizes, [query.places, *beyond])
    shared = [_cosine(count, sizes - in_query, len(each)) for count, each in zip(common, beyond, strict=True)]
    return Overlap(
        (in_query / max(1, len(query.places))).astype(np.float32),
        np.array(shared, np.float32).reshape(len(relevant), len(ours)),
    )


def _cosine(common: Int64, sizes: Int64, size: int) -> Float64:
    return np.asarray(common / np.sqrt(np.maximum(1, sizes * size)))


def _counts(sets: Sequence[UInt16], sizes: Int64, wanted: Sequence[UInt16]) -> Int64:
    """[W, K] how many of each of W sets are in each of K sets of these sizes: several are counted at once,
    each in bits of its own.
    """
    counts, filled = np.zeros((len(wanted), len(sets)), np.int64), sizes > 0
    if not filled.any():
        return counts
    laid, starts = np.concatenate(sets), (np.cumsum(sizes) - sizes)[filled]
    for first in range(0, len(wanted), TOGETHER):
        table = np.zeros(PLACES, np.int64)
        for i, places in enumerate(wanted[first : first + TOGETHER]):
            table[places] += 1 << (FIELD * i)
        sums = np.add.reduceat(table.take(laid), starts)
        for i, count in enumerate(counts[first : first + TOGETHER]):
            count[filled] = sums >> (FIELD * i) & (1 << FIELD) - 1
    return counts
