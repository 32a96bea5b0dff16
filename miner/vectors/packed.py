"""Estimated similarities that can be merged in any order: an estimate and its row are one whole number.

27 bits of multiples of 2^-24 above 37 bits of row, the lowest row highest: no two are equal, so the best of
several parts are the same whatever the parts are.
"""

from __future__ import annotations

import numpy as np

from miner.data import PADDING, Float32, Float64, Int64

GRAIN, BITS, BOUND = 24, 37, 4.0
LAST = 2**BITS - 1
NOTHING = np.iinfo(np.int64).min


def estimates(rows: Int64, scores: Float32 | Float64) -> Int64:
    """Of rows and what they are estimated at; NOTHING for PADDING."""
    known = rows != PADDING
    bounded = np.clip(np.where(known, scores, 0), -BOUND, BOUND * (1 - 2.0**-GRAIN)).astype(np.float64)
    grains = np.rint(bounded * 2.0**GRAIN).astype(np.int64)
    return np.where(known, (grains << BITS) | (LAST - rows), NOTHING)


def rows_of(found: Int64) -> Int64:
    """The rows of estimates, PADDING for NOTHING."""
    return np.where(found == NOTHING, PADDING, LAST - (found & LAST))


def best(parts: list[Int64], width: int) -> Int64:
    """The `width` best of each line of several parts [Q, any], or all there are, best last."""
    found = np.concatenate(parts, axis=1)
    if found.shape[1] > width:
        found = np.partition(found, found.shape[1] - width, axis=1)[:, -width:]
    return np.sort(found, axis=1)


def shifted(found: Int64, start: int) -> Int64:
    """The same in rows of a corpus in which this part begins at row `start`."""
    return np.where(found == NOTHING, NOTHING, found - start)
