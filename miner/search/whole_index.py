"""Approximate search for corpora where exact search is too slow: faiss finds, exact scores rank.

A graph (HNSW; Malkov and Yashunin 2016, arXiv 1603.09320) or an inverted file (IVF; Jégou et al. 2011),
built on request beside the index and named by the vectors it was built from, so that it can never
answer for others. Built with one thread, whose result can be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from miner.data import Candidates, Half
from miner.index.index import Index
from miner.progress import Clock
from miner.spec import Spec
from miner.storage import sealed
from miner.vectors.exact import nearest_of, widened
from miner.vectors.threads import faiss_on_one_thread

LINKS, CONSTRUCTION = 32, 200
TRAINING = 64
"""Vectors a cell is fitted to."""
BLOCK = 16384
SEED = 0


@dataclass(frozen=True, repr=False)
class Hnsw(Spec):
    """Follow a graph over the whole index."""

    name: ClassVar[str] = "hnsw"
    exact: ClassVar[bool] = False

    def over(self, index: Index, max_memory: int, clock: Clock | None = None) -> Approximate:
        return open_approximate(index, self.name, clock)


@dataclass(frozen=True, repr=False)
class Ivf(Spec):
    """Look into some cells of the whole index."""

    name: ClassVar[str] = "ivf"
    exact: ClassVar[bool] = False

    def over(self, index: Index, max_memory: int, clock: Clock | None = None) -> Approximate:
        return open_approximate(index, self.name, clock)


@dataclass(frozen=True)
class Approximate:
    """An approximate searcher of an index. Its candidates carry exact scores; some may be missing."""

    index: Index
    method: str
    engine: Any

    def search(self, queries: Half, k: int) -> Candidates:
        """As Index.search, except that passages may be overlooked."""
        kept = min(k, len(self.index))
        self._look_wide(kept)
        _, found = self.engine.search(widened(queries), kept)
        near = nearest_of(self.index.store, queries, found, k)
        return Candidates(near.rows, near.scores.astype(np.float32))

    def _look_wide(self, k: int) -> None:
        if self.method == "hnsw":
            self.engine.hnsw.efSearch = max(2 * CONSTRUCTION, 4 * k)
        else:
            cells = self.engine.nlist
            self.engine.nprobe = min(cells, max(8, cells // 16, 16 * k * cells // len(self.index)))


def open_approximate(index: Index, method: str, clock: Clock | None = None) -> Approximate:
    """The approximate searcher of an index, by 'hnsw' or 'ivf'; the first time it is built and kept in the
    index's folder. Raises OutputError if the folder cannot be written.
    """
    import faiss

    stem = f"ann/{method}-{index.manifest.vectors_key}"
    path = sealed.whole(index.path, stem, ".faiss")
    if path is None:
        with (clock or Clock()).stage(f"build {method}", len(index), "passages"), faiss_on_one_thread():
            data = faiss.serialize_index(_built(index, method)).tobytes()
        path = index.path / sealed.seal(index.path, stem, ".faiss", data).file
    return Approximate(index, method, faiss.read_index(str(path)))


def _built(index: Index, method: str) -> Any:
    import faiss

    cells = max(1, min(int(4 * len(index) ** 0.5), len(index) // TRAINING))
    kind = f"HNSW{LINKS}_SQfp16" if method == "hnsw" else f"IVF{cells},SQfp16"
    engine: Any = faiss.index_factory(index.dim, kind, faiss.METRIC_INNER_PRODUCT)
    if method == "hnsw":
        engine.hnsw.efConstruction = CONSTRUCTION
    draw = np.random.default_rng(SEED)
    rows = np.sort(draw.choice(len(index), min(len(index), TRAINING * cells), replace=False))
    engine.train(widened(index.vectors(rows)))
    for _, block in index.store.blocks(BLOCK):
        engine.add(widened(block))
    return engine
