"""Batches of rows that share passages, so that an encoder embeds fewer of them.

Batches of one topic are those of TAS (Hofstätter et al. 2021, arXiv 2104.06967), made there for the sake of in-batch
negatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

DRAWN = 64
"""Rows from which the next of a batch is chosen."""


@dataclass(frozen=True)
class Shared:
    """Which passages rows hold."""

    passages: Sequence[frozenset[int]]
    """Of each row, by number."""
    sizes: Sequence[int]
    """Characters of each passage."""

    @classmethod
    def of(cls, documents: Iterable[Iterable[str]]) -> Shared:
        numbers = dict[str, int]()
        rows = [frozenset(numbers.setdefault(text, len(numbers)) for text in texts) for texts in documents]
        return cls(rows, [len(text) for text in numbers])

    def batches(self, size: int, draw: np.random.Generator) -> list[list[int]]:
        """Each row once, in an order that is drawn: a batch begins with the first row that is left, and takes of
        the next DRAWN those that add the fewest characters to what it reads. The last may be smaller."""
        rest = iter(draw.permutation(len(self.passages)).tolist())
        near, found = list(islice(rest, DRAWN)), list[list[int]]()
        while near:
            found.append(self._batch(size, near, rest))
        whole = len(self.passages) // size
        return [found[i] for i in draw.permutation(whole)] + found[whole:]

    def _batch(self, size: int, near: list[int], rest: Iterator[int]) -> list[int]:
        found, held, place = list[int](), frozenset[int](), 0
        while near and len(found) < size:
            found.append(near.pop(place))
            near.extend(islice(rest, 1))
            held |= self.passages[found[-1]]
            added = [self.read([row], held) for row in near]
            place = min(range(len(near)), key=added.__getitem__, default=0)
        return found

    def read(self, rows: Iterable[int], held: frozenset[int] = frozenset()) -> int:
        """Characters of the distinct passages of rows, without those that are held already."""
        return sum(
            self.sizes[text] for text in frozenset().union(*(self.passages[row] for row in rows)) - held
        )
