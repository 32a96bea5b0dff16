"""What a user's own queries say about risk: reveal one relevant passage, hide the others, look for them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from miner.calibrating.labels import LabelledPools, Shown, candidates_of, observe
from miner.data import PADDING, Query
from miner.encoders import Encoder
from miner.index import Index
from miner.mining.relevant import EMIT, Relevant, find_relevant
from miner.progress import Clock


def gather(
    queries: Sequence[Query],
    index: Index,
    encoder: Encoder | None = None,
    *,
    seed: int,
    hide: bool,
    clock: Clock,
) -> LabelledPools:
    """With `hide`: of every query with two or more relevant passages in the index all but one, drawn by seed
    and query, are hidden; other queries say nothing. Without: all queries, nothing hidden.

    Raises what looking up and encoding queries raises.
    """
    encoder = encoder or index.lazy_encoder()
    with clock.stage("look up", len(queries), "queries"):
        relevant = find_relevant(queries, index, EMIT["text"])
    chosen = [
        i for i in range(len(queries)) if not hide or np.sum(relevant.rows[relevant.of(i)] != PADDING) > 1
    ]
    places = [_reveal(queries[i].text, relevant, relevant.of(i), seed, hide) for i in chosen]
    shown = Shown.some([queries[i].text for i in chosen], relevant, places)
    block = shown.block(index, encoder, clock)
    found = candidates_of(block, index, clock)
    hidden = np.zeros(found.rows.shape, np.bool_)
    for line, i, mine in zip(range(len(chosen)), chosen, places, strict=True):
        others = np.setdiff1d(relevant.rows[relevant.of(i)], [*relevant.rows[mine], PADDING])
        hidden[line] = np.isin(found.rows[line], others)
    return observe(block, found, hidden, np.ones_like(hidden), index, clock)


def _reveal(text: str, relevant: Relevant, mine: slice, seed: int, hide: bool) -> list[int]:
    """Places of the passages that are shown: all, or one of those in the index, drawn by seed and query."""
    if not hide:
        return list(range(mine.start, mine.stop))
    inside = np.flatnonzero(relevant.rows[mine] != PADDING) + mine.start
    drawn = np.random.default_rng([seed, zlib.crc32(text.encode("utf-8", "surrogatepass"))]).choice(inside)
    return [int(drawn)]
