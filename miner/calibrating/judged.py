"""What verdicts on candidates say about risk: all relevant passages are shown, as in mining, and of the candidates
those count that somebody judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from miner.calibrating.labels import LabelledPools, Shown, candidates_of, observe
from miner.data import PADDING, Bool, Int64, Query
from miner.encoders import Encoder
from miner.index import Index
from miner.judgments.known import KnownJudgments
from miner.mining.judged import KnownOfQuery, PassageNames
from miner.mining.relevant import EMIT, Relevant, find_relevant
from miner.progress import Clock

LABELS: Mapping[str, bool] = {"answers": True, "no": False}
"""Verdicts that settle it; what answers in part, or is unsure, is left out."""


def gather_judged(
    queries: Sequence[Query],
    index: Index,
    known: KnownJudgments,
    encoder: Encoder | None = None,
    *,
    clock: Clock,
) -> LabelledPools:
    """The queries of which a candidate was judged. A relevant passage that was judged itself, as one that an audit
    found and that was added since, counts as a candidate where another one is left to be shown. What a judge said
    on trial says nothing: it was asked about relevant passages.

    Raises what looking up and encoding queries raises.
    """
    encoder = encoder or index.lazy_encoder()
    asked = [query for query in queries if known.book.knows(query.text)]
    with clock.stage("look up", len(asked), "queries"):
        relevant = find_relevant(asked, index, EMIT["text"])
    judged = [KnownOfQuery(known, query.text) for query in asked]
    places = [_shown(index, relevant, relevant.of(i), each) for i, each in enumerate(judged)]
    shown = Shown.some([query.text for query in asked], relevant, places)
    block = shown.block(index, encoder, clock)
    found = candidates_of(block, index, clock)
    answers, settled = np.zeros(found.rows.shape, np.bool_), np.zeros(found.rows.shape, np.bool_)
    for line, each in enumerate(judged):
        for column, label in _labels(index, found.rows[line], each):
            answers[line, column], settled[line, column] = label, True
    some: list[int] = np.flatnonzero(settled.any(axis=1)).tolist()
    return observe(block.part(some), found.part(some), answers[some], settled[some], index, clock)


def _labels(index: Index, rows: Int64, known: KnownOfQuery) -> Iterator[tuple[int, bool]]:
    """Places of rows with what settles them."""
    inside = np.flatnonzero(rows != PADDING)
    for place, passage in zip(inside.tolist(), index.passages(rows[inside]), strict=True):
        found = known.of(PassageNames.of(passage))
        if found is not None and not found.judgment.known and found.judgment.verdict in LABELS:
            yield place, LABELS[found.judgment.verdict]


def _shown(index: Index, relevant: Relevant, mine: slice, known: KnownOfQuery) -> list[int]:
    """Places of the relevant passages but those that were judged as candidates; all if no other is there."""
    found: Bool = np.zeros(mine.stop - mine.start, np.bool_)
    for place, _ in _labels(index, relevant.rows[mine], known):
        found[place] = True
    kept = (np.flatnonzero(~found) + mine.start).tolist()
    return kept or list(range(mine.start, mine.stop))
