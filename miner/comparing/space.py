"""Texts of both files as vectors of one encoder: how near negatives are to the query, how far from each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from miner.comparing.figures import ComparedFigure, figure
from miner.comparing.sides import MergedRow, RowPair
from miner.comparing.texts import of_each, receipted
from miner.data import PADDING, Float32, Int64
from miner.encoders import Encoder
from miner.index import Index
from miner.progress import Clock, ticking

COSINE, NEARER, DIVERSITY = (
    ("cosine_to_query", "cosine to the query"),
    ("nearer_than_relevant", "nearer to the query than its nearest relevant passage"),
    ("distance_among", "distance among the negatives of a query (1 - cosine)"),
)


@dataclass(frozen=True)
class TextSpace:
    """Unit rows of the queries of pairs [pairs, d], and of all their passages [T, d] by text."""

    queries: Float32
    passages: Float32
    row: dict[str, int]

    def of(self, texts: Iterable[str]) -> Float32:
        """[texts, d]"""
        return self.passages[[self.row[text] for text in texts]]


def space_of(pairs: Sequence[RowPair], encoder: Encoder, index: Index | None, clock: Clock) -> TextSpace:
    """Encode what the pairs hold; of the encoder's own index what it holds is taken from it."""
    queries = [pair.query for pair in pairs]
    texts = list(
        dict.fromkeys(
            text
            for pair in pairs
            for texts in (pair.relevant, pair.a.negatives, pair.b.negatives)
            for text in texts.values()
        )
    )
    total = len(queries) + len(texts)
    with (
        clock.stage("encode", total, "texts") as stage,
        ticking(partial(clock.advance, stage), total),
    ):
        if index is None:
            found = encoder.encode_queries(queries), encoder.encode_passages(texts)
        else:
            found = index.embed_queries(queries, encoder).astype(np.float32), _held(texts, encoder, index)
    return TextSpace(*found, {text: i for i, text in enumerate(texts)})


def _held(texts: Sequence[str], encoder: Encoder, index: Index) -> Float32:
    rows = index.rows_of_texts(texts)
    vectors = np.empty((len(texts), index.dim), np.float32)
    vectors[rows != PADDING] = index.vectors(rows[rows != PADDING])
    loose = [text for text, row in zip(texts, rows.tolist(), strict=True) if row == PADDING]
    vectors[rows == PADDING] = index.embed_passages(loose, encoder)
    return vectors


def measured(pairs: Sequence[RowPair], groups: Int64, space: TextSpace) -> Iterator[ComparedFigure | None]:
    """How hard the negatives are for the encoder, and how different from each other."""
    place = {id(pair): i for i, pair in enumerate(pairs)}

    def scores(pair: RowPair, side: MergedRow) -> Float32:
        return np.asarray(space.of(side.negatives.values()) @ space.queries[place[id(pair)]])

    def cosine(pair: RowPair, side: MergedRow) -> float:
        return float(scores(pair, side).mean()) if side.negatives else np.nan

    def nearer(pair: RowPair, side: MergedRow) -> float:
        best = (space.of(pair.relevant.values()) @ space.queries[place[id(pair)]]).max()
        return float((scores(pair, side) > best).mean()) if side.negatives else np.nan

    def distance(_: RowPair, side: MergedRow) -> float:
        count, total = len(side.negatives), space.of(side.negatives.values()).sum(axis=0, dtype=np.float64)
        return 1 - (float(total @ total) - count) / (count * (count - 1)) if count > 1 else np.nan

    for (key, title), value, share in (
        (COSINE, cosine, False),
        (NEARER, nearer, True),
        (DIVERSITY, distance, False),
    ):
        yield figure(key, title, of_each(pairs, value), groups, share=share)


def remembered(pairs: Sequence[RowPair], groups: Int64) -> Iterator[ComparedFigure | None]:
    """The same as far as receipts know it: no distances."""
    yield figure(*COSINE, receipted(pairs, "similarity"), groups, share=False)

    def nearer(_: RowPair, side: MergedRow) -> float:
        found = [entry["share"] for entry in side.evidence.values() if entry.get("share") is not None]
        return float(np.mean([share > 1 for share in found])) if found else np.nan

    yield figure(*NEARER, of_each(pairs, nearer), groups)
