"""The guards: what is the same as a relevant passage, the query or an earlier candidate is never a negative.

They come before every other filter and cannot be switched off. Near copies, which are a judgment, have a rule of
their own (text/copies.py), with thresholds that can be changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import Bool, Pool
from miner.text.documents import Sibling
from miner.text.match import Match


@dataclass(frozen=True, repr=False)
class Guard:
    """Drops the candidates that have one kind of match."""

    needs: ClassVar[frozenset[str]] = frozenset()
    match: Match

    def keep(self, pool: Pool) -> Bool:
        return np.not_equal(pool.match, self.match)

    def __repr__(self) -> str:
        return self.match.name.lower()


@dataclass(frozen=True, repr=False)
class OverlapGuard:
    """Drops what shares text with a relevant passage of the same document: windows over it, and what it repeats."""

    needs: ClassVar[frozenset[str]] = frozenset()

    def keep(self, pool: Pool) -> Bool:
        return np.less(pool.sibling, Sibling.OVERLAPPING)

    def __repr__(self) -> str:
        return Sibling.OVERLAPPING.name.lower()


GUARDS = tuple(Guard(match) for match in Match if match not in (Match.NONE, Match.NEAR_COPY))
