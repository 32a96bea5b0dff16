"""The structure of one shard for approximate search by IVF-PQ, built beside the index on request.

Cells and codes of the residuals (Jégou, Douze and Schmid 2011), sized after faiss's guidelines. What it finds
is a function of the shard, the query and the options: it is trained on one thread, and as centroids are fp16
the choice of cells is exact in float64, whatever other queries are asked with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from miner.data import Float64, Half, Int64
from miner.index.manifest import Shard
from miner.vectors.exact import widened
from miner.vectors.packed import estimates
from miner.vectors.threads import single_threaded_blas

WORDS = 256
"""Words of a codebook: a byte names one."""
EACH = 39
"""Vectors a word and a cell are fitted to, at least: what faiss asks for."""
LEAST = EACH * WORDS
"""Vectors of the smallest shard that gets a structure."""
ROUNDS = 10
BLOCK = 16384
SEED = 0


@dataclass(frozen=True)
class Structure:
    """An opened one."""

    engine: Any
    centroids: Float64
    """[cells, dim]"""

    def search(self, queries: Half, width: int, nprobe: int) -> Int64:
        """Estimates [Q, width] of the best in the nprobe nearest cells, in rows of the shard."""
        probes = min(nprobe, len(self.centroids))
        with single_threaded_blas():
            near = queries.astype(np.float64) @ self.centroids.T
        cells = np.argpartition(-near, probes - 1, axis=1)[:, :probes]
        to_cells = np.take_along_axis(near, cells, 1).astype(np.float32)
        self.engine.nprobe = probes
        scores, rows = self.engine.search_preassigned(widened(queries), width, cells, to_cells)
        return estimates(rows, scores)


def stem_of(shard: Shard, code: int) -> str:
    """Where the structure of a shard lies: named by its vectors and the bytes of a code."""
    return f"ann/ivfpq_{code}-{shard.vectors_key}"


def open_structure(path: Path) -> Structure:
    """The structure that a file holds, which must be whole."""
    import faiss

    engine: Any = faiss.read_index(str(path))
    centroids = engine.quantizer.reconstruct_n(0, engine.nlist).astype(np.float64)
    return Structure(engine, centroids)


def built(vectors: Half, code: int) -> bytes:
    """The structure of LEAST vectors or more, as faiss writes it. To be called with faiss on one thread."""
    import faiss

    dim, cells = vectors.shape[1], min(int(4 * len(vectors) ** 0.5), len(vectors) // EACH)
    draw = np.random.default_rng(SEED).permutation(len(vectors))
    quantiser = faiss.IndexFlatIP(dim)
    quantiser.add(_centroids(vectors[np.sort(draw[: EACH * cells])], cells))
    engine = faiss.IndexIVFPQ(quantiser, dim, cells, code, 8, faiss.METRIC_INNER_PRODUCT)
    engine.pq.cp.niter, engine.pq.cp.seed = ROUNDS, SEED
    engine.train(widened(vectors[np.sort(draw[:LEAST])]))
    for start in range(0, len(vectors), BLOCK):
        engine.add(widened(vectors[start : start + BLOCK]))
    data: bytes = faiss.serialize_index(engine).tobytes()
    return data


def _centroids(vectors: Half, cells: int) -> Any:
    """float32 [cells, dim] of fp16 values."""
    import faiss

    fitting = faiss.Clustering(vectors.shape[1], cells)
    fitting.niter, fitting.seed, fitting.spherical = ROUNDS, SEED, True
    fitting.min_points_per_centroid = 1
    fitting.train(widened(vectors), faiss.IndexFlatIP(vectors.shape[1]))
    found = faiss.vector_to_array(fitting.centroids).reshape(cells, -1)
    return found.astype(np.float16).astype(np.float32)
