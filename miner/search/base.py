"""What a searcher is, and what a search method is: a line on the command line that makes searchers."""

from __future__ import annotations

from typing import ClassVar, Protocol

from miner.data import Candidates, Half
from miner.index import Index
from miner.progress import Clock


class Searcher(Protocol):
    """Finds the passages nearest to queries in one index."""

    def search(self, queries: Half, k: int) -> Candidates:
        """Of fp16 unit vectors [Q, d] the k nearest passages [Q, k], best first, by exact scores."""


class SearchMethod(Protocol):
    """A frozen dataclass whose fields are the options of the method; its repr is its spelling."""

    name: ClassVar[str]
    exact: ClassVar[bool]
    """Whether its searchers overlook nothing."""

    def over(self, index: Index, max_memory: int, clock: Clock | None = None) -> Searcher:
        """The searcher of an index, which may use so many bytes beside its result; what it lacks is built the
        first time. Raises OutputError, ConfigError for options that do not fit the index.
        """
