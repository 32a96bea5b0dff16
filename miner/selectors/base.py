"""What a selector is, and how the chosen columns are laid out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from miner.data import PADDING, Int64, Pool, Selection, UInt8


class Selector(Protocol):
    """A frozen dataclass whose fields are its options and whose repr is its spelling."""

    needs: ClassVar[frozenset[str]]
    """Evidence that it looks at beyond what every pool holds."""

    def choose(self, pool: Pool, verdicts: UInt8, n: Int64, seed: int) -> Selection:
        """At most n[i] columns with verdict KEPT for each query i, best first; n is int64 [Q]."""


@runtime_checkable
class FittedSelector(Protocol):
    """A selector that may have to see a sample of the run's pools before it can choose."""

    @property
    def ready(self) -> bool:
        """Whether it can choose as it is."""

    def fitted(self, pools: Sequence[Pool], verdicts: Sequence[UInt8], n: Sequence[Int64]) -> Selector:
        """One that can, by pools, verdicts and numbers wanted as choose takes them one by one."""


def lay_out(chosen: Iterable[Int64], n: Int64) -> Selection:
    """Lists of columns as one array [Q, max n], PADDING where short."""
    columns = np.full((len(n), int(n.max(initial=0))), PADDING, np.int64)
    for line, picked in zip(columns, chosen, strict=True):
        line[: len(picked)] = picked
    return Selection(columns)
