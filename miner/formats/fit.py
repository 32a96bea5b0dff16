"""Cut passages that do not fit beside their query to the snippet that matters.

improving-the-results: the query is kept whole and the passage cut, so keep the snippet that answers.
A snippet is the run of whole sentences that holds the sentence most alike to the query, in the
company of the others most alike to it; of a negative that is what makes it hard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from miner.data import Float64, Row
from miner.encoders.base import Encoder
from miner.formats.cohere import MAX_TOKENS

_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s)|(?<![。！？｡])[。！？｡]++[」』”’）]*+|\n")
"""Ends of sentences. A run of marks is looked at once, from where it begins: 40,000 dots cost what letters do."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, or part of one that alone does not fit: text[start:end], its tokens, its likeness."""

    start: int
    end: int
    tokens: int
    likeness: float = 0.0


def fit_rows(rows: Iterable[Row], encoder: Encoder, limit: int = MAX_TOKENS) -> Iterator[Row]:
    """Rows whose passages fit into `limit` tokens together with their query, counted by the encoder.

    Passages that fit stay as they are, as do all of a row whose query leaves no room. Numbers and
    order of passages do not change, so receipts still belong. No snippet equals another text of its row.
    """
    for row in rows:
        yield fit_row(row, encoder, limit)


def fit_row(row: Row, encoder: Encoder, limit: int = MAX_TOKENS) -> Row:
    """One row of `fit_rows`."""
    texts = [*row.relevant_passages, *row.hard_negatives]
    query, *counts = encoder.count_tokens([row.query, *texts])
    room = limit - query
    long = [place for place, count in enumerate(counts) if count > room]
    if room < 1 or not long:
        return row
    aim = _exact(encoder.encode_queries([row.query]))[0]
    for place in long:
        taken = {text for other, text in enumerate(texts) if other != place}
        units = _likened(texts[place], _units(texts[place], room, encoder), encoder, aim)
        texts[place] = _snippet(texts[place], units, room, taken, encoder)
    count = len(row.relevant_passages)
    return Row(row.query, tuple(texts[:count]), tuple(texts[count:]))


def _units(text: str, room: int, encoder: Encoder) -> list[Unit]:
    borders = [0, *(found.end() for found in _END.finditer(text)), len(text)]
    spans = [(start, end) for start, end in pairwise(borders) if text[start:end].strip()]
    counts = encoder.count_tokens([text[start:end] for start, end in spans])
    units: list[Unit] = []
    for (start, end), tokens in zip(spans, counts, strict=True):
        units += _pieces(text, Unit(start, end, tokens), room, encoder)
    return units


def _pieces(text: str, unit: Unit, room: int, encoder: Encoder) -> list[Unit]:
    """The unit, or its halves, parted at a space where there is one, until each fits."""
    if unit.tokens <= room or unit.end - unit.start < 2:
        return [unit]
    middle = (unit.start + unit.end) // 2
    space = text.rfind(" ", unit.start + 1, middle + 1)
    if space > unit.start:
        middle = space
    halves = [(unit.start, middle), (middle, unit.end)]
    counts = encoder.count_tokens([text[start:end] for start, end in halves])
    parts = [Unit(start, end, tokens) for (start, end), tokens in zip(halves, counts, strict=True)]
    return [piece for part in parts for piece in _pieces(text, part, room, encoder)]


def _likened(text: str, units: Sequence[Unit], encoder: Encoder, aim: Float64) -> list[Unit]:
    vectors = _exact(encoder.encode_passages([text[unit.start : unit.end].strip() for unit in units]))
    return [
        Unit(unit.start, unit.end, unit.tokens, float(vector @ aim))
        for unit, vector in zip(units, vectors, strict=True)
    ]


def _exact(vectors: object) -> Float64:
    """Vectors whose products do not depend on how many are multiplied at once."""
    return np.asarray(vectors).astype(np.float16).astype(np.float64)


def _snippet(text: str, units: Sequence[Unit], room: int, taken: set[str], encoder: Encoder) -> str:
    """The best run of units that fits and is no other text of the row; the whole text if there is none."""
    for first, last in sorted(_runs(units, room), key=lambda run: _worth(units, run)):
        for end in range(last, first, -1):
            snippet = text[units[first].start : units[end - 1].end].strip()
            if snippet and snippet not in taken and encoder.count_tokens([snippet])[0] <= room:
                return snippet
    return text


def _runs(units: Sequence[Unit], room: int) -> Iterator[tuple[int, int]]:
    """The longest runs (first, last exclusive) within the room."""
    sums = [0, *accumulate(unit.tokens for unit in units)]
    last = before = 0
    for first in range(len(units)):
        while last < len(units) and sums[last + 1] - sums[first] <= room:
            last += 1
        if last > max(before, first):
            yield first, last
        before = max(before, last)


def _worth(units: Sequence[Unit], run: tuple[int, int]) -> tuple[float, float, int]:
    """Sorts the run with the likest sentence first, then that of the likest mean, then the earliest."""
    likeness = [unit.likeness for unit in units[slice(*run)]]
    weights = [unit.tokens for unit in units[slice(*run)]]
    return -max(likeness), -float(np.average(likeness, weights=weights)) if sum(weights) else 0.0, run[0]
