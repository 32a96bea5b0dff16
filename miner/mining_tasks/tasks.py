"""The tasks of a mining run. They name files in the run's folder; the receipts do too."""

from __future__ import annotations

from dataclasses import dataclass

from miner.search.per_shard import IvfPq
from miner.search.search import Search as Method
from miner.storage.sealed import Sealed


@dataclass(frozen=True, slots=True)
class PrepareTask:
    """Look up and encode a block of queries. Receipt: Sealed, the prepared block."""

    number: int
    queries: Sealed

    @property
    def stem(self) -> str:
        return f"prepared/{self.number:05d}"

    def __str__(self) -> str:
        return f"preparing query block {self.number}"


@dataclass(frozen=True, slots=True)
class Level:
    """A wave of a block: its queries with what is known of them, and those that an earlier wave left short."""

    number: int
    wave: int
    queries: Sealed
    prepared: Sealed
    left: Sealed | None = None
    """What the wave before made; None for the first."""

    def coding(self, search: Method) -> IvfPq | None:
        """How its shards are searched, None for exactly, as all waves after the first are."""
        return None if self.wave else search.coding


@dataclass(frozen=True, slots=True)
class Build:
    """Build what an approximate search needs of the shards start:stop of an index. Receipt: how many."""

    index: int
    start: int
    stop: int

    def __str__(self) -> str:
        return f"building for the search of shards {self.start} to {self.stop - 1}"


@dataclass(frozen=True, slots=True)
class SearchTask:
    """Search the shards start:stop of an index for a wave: the first as the recipe says, others exactly.

    Receipt: Sealed, the candidates (see found.py).
    """

    level: Level
    index: int
    start: int
    stop: int

    @property
    def stem(self) -> str:
        group = f"{self.index}-{self.start:05d}-{self.stop:05d}"
        return f"candidates/{self.level.number:05d}-{self.level.wave}-{group}"

    def __str__(self) -> str:
        return f"searching shards {self.start} to {self.stop - 1} for query block {self.level.number}"


@dataclass(frozen=True, slots=True)
class JudgeTask:
    """Merge the candidates of a wave, filter and choose. Receipt: Judged."""

    level: Level
    found: tuple[tuple[Sealed, ...], ...]
    """For each index the candidates of its groups of shards."""

    @property
    def stem(self) -> str:
        return judged_stem(self.level.number, self.level.wave)

    def __str__(self) -> str:
        return f"filtering query block {self.level.number}"


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a wave: the picks so far, and how many queries are left for a deeper one."""

    file: Sealed
    left: int


def judged_stem(number: int, wave: int) -> str:
    return f"judged/{number:05d}-{wave}"
