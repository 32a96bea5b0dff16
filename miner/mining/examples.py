"""A few of the candidates that were dropped as near copies, to be looked at: the same for any block size."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from miner.data import Pool
from miner.index import Index
from miner.mining.block import Block
from miner.mining.relevant import EMIT
from miner.text.copies import NEAR_COPY
from miner.text.near_copies import NearCopies

KEPT = 20
SHOWN = 1000
"""Characters of a text that a run record shows."""


@dataclass(frozen=True, order=True)
class NearCopy:
    """A candidate that was dropped, with what it was held against. Those of the lowest `draw` are kept."""

    draw: int
    query: str
    row: int
    relevant: tuple[str, ...]

    @classmethod
    def read(cls, value: Sequence[Any]) -> NearCopy:
        draw, query, row, relevant = value
        return cls(draw, query, row, tuple(relevant))


def dropped(pool: Pool, block: Block, query: int) -> list[NearCopy]:
    """The near copies among the candidates of one query of a pool."""
    rows = pool.rows[query, np.flatnonzero(pool.match[query] == NEAR_COPY)].tolist()
    text, relevant = block.texts[query], block.relevant_texts[block.relevant(query)]
    start = zlib.crc32(text.encode("utf-8", "surrogatepass"))
    return [NearCopy(zlib.crc32(str(row).encode(), start), text, row, relevant) for row in rows]


def fewest(examples: Iterable[NearCopy]) -> list[NearCopy]:
    """The KEPT of the lowest draw, in order."""
    return sorted(set(examples))[:KEPT]


def shown(examples: Sequence[NearCopy], index: Index, emit: str, near: NearCopies) -> list[dict[str, Any]]:
    """As a run record tells them: query, id and text of the candidate, the relevant passage that it copies, how much
    of that passage's weight it covers and how much one run of it.
    """
    passages = index.passages([each.row for each in examples])
    told = list[dict[str, Any]]()
    for each, passage in zip(examples, passages, strict=True):
        texts = dict.fromkeys([EMIT[emit](passage), passage.text])
        judged = [(near.judge(text, known), text, known) for text in texts for known in each.relevant]
        verdict, text, known = max(judged, key=lambda found: (found[0].copy, found[0].cover))
        told.append(
            {
                "query": each.query,
                "id": passage.id,
                "candidate": text[:SHOWN],
                "relevant": known[:SHOWN],
                "cover": round(verdict.cover, 3),
                "run": round(verdict.run, 3),
            }
        )
    return told
