"""Exact search: every passage is compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from miner.data import Candidates, Half
from miner.index import Index
from miner.progress import Clock
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class Exhaustive(Spec):
    """Overlook nothing."""

    name: ClassVar[str] = "exact"
    exact: ClassVar[bool] = True

    def over(self, index: Index, max_memory: int, clock: Clock | None = None) -> ExactSearcher:
        return ExactSearcher(index, max_memory)


@dataclass(frozen=True)
class ExactSearcher:
    """The searcher that overlooks nothing."""

    index: Index
    max_memory: int

    def search(self, queries: Half, k: int) -> Candidates:
        return self.index.search(queries, k, max_memory=self.max_memory)
