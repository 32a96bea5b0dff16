"""Search by structures of the shards: little is overlooked, scores are exact, grouping changes nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from miner.data import PADDING, Half, Int64
from miner.errors import ConfigError
from miner.index.manifest import Shard
from miner.index.shards import Shards
from miner.search.ivfpq import LEAST
from miner.search.per_shard import IvfPq, PerShardIvfPq, ranked
from miner.storage import sealed
from miner.storage.place import Place
from miner.vectors.exact import search
from miner.vectors.packed import NOTHING, best, estimates, rows_of, shifted
from miner.vectors.recall import recall

DIM = 32
SIZES = (LEAST, 500, LEAST + 500)


def clustered(seed: int, count: int) -> Half:
    """Unit rows around 300 centres."""
    draw = np.random.default_rng(seed)
    centres = np.random.default_rng(9).standard_normal((300, DIM))
    rows = centres[draw.integers(0, 300, count)] + 0.5 * draw.standard_normal((count, DIM))
    half: Half = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    return half


def make_shards(folder: Path, vectors: Half, sizes: tuple[int, ...]) -> Shards:
    nothing = sealed.seal(folder, "keys/00000", ".npy", b"")
    parts = np.split(vectors, np.cumsum(sizes)[:-1])
    files = [
        sealed.seal(folder, f"vectors/{n:05d}", ".npy", sealed.array_bytes(part))
        for n, part in enumerate(parts)
    ]
    shards = [
        Shard(size, size, nothing, nothing, nothing, file) for size, file in zip(sizes, files, strict=True)
    ]
    return Shards(Place(folder), shards, DIM)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    """A shard as small as has a structure, one that has none, and a larger one."""
    return make_shards(tmp_path_factory.mktemp("shards"), clustered(1, sum(SIZES)), SIZES)


@pytest.fixture(scope="module")
def queries() -> Half:
    return clustered(2, 60)


def coded(shards: Shards, method: IvfPq | None = None, max_memory: int = 2**29) -> PerShardIvfPq:
    return PerShardIvfPq(shards, method or IvfPq(), max_memory)


def structures(shards: Shards) -> list[Path]:
    return sorted((shards.place.folder / "ann").iterdir())


def test_nearly_all_is_found_and_scored_exactly(shards: Shards, queries: Half) -> None:
    found = ranked(shards, queries, coded(shards).estimates(queries, 50), 50)
    exact = search(shards, queries, 50)
    assert recall(exact.rows, found.rows) > 0.95
    for query, rows, scores in zip(queries, found.rows, found.scores, strict=True):
        true = shards.take(rows).astype(np.float64) @ query.astype(np.float64)
        assert scores.tolist() == true.astype(np.float32).tolist()
        assert rows.tolist() == rows[np.lexsort((rows, -true))].tolist()


def test_more_cells_and_more_candidates_overlook_less(shards: Shards, queries: Half) -> None:
    exact = search(shards, queries, 50).rows
    shares = [
        recall(exact, ranked(shards, queries, coded(shards, method).estimates(queries, 50), 50).rows)
        for method in (IvfPq(nprobe=1, fetch=1), IvfPq(nprobe=8, fetch=1), IvfPq(nprobe=200, fetch=8))
    ]
    assert shares[0] < shares[1] < shares[2]
    assert shares[2] > 0.99


def in_groups(shards: Shards, queries: Half, edges: tuple[int, ...], k: int) -> Int64:
    """Searched a group at a time, merged from the last to the first."""
    parts = []
    for start, stop in pairwise(edges):
        group = Shards(shards.place, shards.shards[start:stop], DIM)
        parts.append(shifted(coded(group).estimates(queries, k), int(shards.starts[start])))
    return best(parts[::-1], IvfPq().fetch * k)


def test_groups_blocks_and_memory_change_nothing(shards: Shards, queries: Half) -> None:
    whole = coded(shards).estimates(queries, 30)
    for edges in ((0, 1, 3), (0, 2, 3), (0, 1, 2, 3)):
        np.testing.assert_array_equal(in_groups(shards, queries, edges, 30), whole)
    one_by_one = [coded(shards).estimates(query[None], 30)[0] for query in queries]
    np.testing.assert_array_equal(np.stack(one_by_one), whole)
    np.testing.assert_array_equal(coded(shards, max_memory=2**20).estimates(queries, 30), whole)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_no_byte_of_a_structure(tmp_path: Path, shards: Shards, threads: int) -> None:
    import faiss

    again = make_shards(tmp_path, clustered(1, sum(SIZES)), SIZES)
    before = faiss.omp_get_max_threads()
    coded(shards).build()
    try:
        faiss.omp_set_num_threads(threads)
        coded(again).build()
    finally:
        faiss.omp_set_num_threads(before)
    assert [path.name for path in structures(again)] == [path.name for path in structures(shards)]


def test_a_structure_is_built_once_and_again_when_damaged(tmp_path: Path, queries: Half) -> None:
    alone = make_shards(tmp_path, clustered(1, LEAST), (LEAST,))
    first = coded(alone).estimates(queries, 10)
    (path,) = structures(alone)
    stamp = path.stat().st_mtime_ns
    coded(alone).build()
    assert path.stat().st_mtime_ns == stamp
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    np.testing.assert_array_equal(coded(alone).estimates(queries, 10), first)


@pytest.mark.parametrize("k", [3, 40, LEAST])
def test_shards_too_small_or_wanted_whole_are_searched_exactly(tmp_path: Path, queries: Half, k: int) -> None:
    sizes = (LEAST,) if k == LEAST else (7, 100, 30)
    small = make_shards(tmp_path, clustered(1, sum(sizes)), sizes)
    few = queries[:5]
    near = search(small, few, k)
    found = ranked(small, few, coded(small).estimates(few, k), k)
    np.testing.assert_array_equal(found.rows, near.rows)
    np.testing.assert_array_equal(found.scores, near.scores.astype(np.float32))
    assert not (small.place.folder / "ann").exists()


def test_nothing_to_search_for(shards: Shards, queries: Half) -> None:
    assert coded(shards).estimates(queries[:0], 10).shape == (0, coded(shards).width(10))


def test_options_are_spelt_and_checked() -> None:
    assert repr(IvfPq(nprobe=32, code=16)) == "ivfpq(nprobe=32, code=16)"
    assert [IvfPq().bytes_of(dim) for dim in (384, 30, 7)] == [48, 3, 1]
    for wrong in ({"nprobe": 0}, {"fetch": -1}, {"code": 0}):
        with pytest.raises(ConfigError, match="has a number below 1"):
            replace(IvfPq(), **wrong)
    with pytest.raises(ConfigError, match="32 dimensions of the index cannot be divided among 5 bytes"):
        IvfPq(code=5).bytes_of(DIM)


def test_equal_estimates_are_told_apart_by_row() -> None:
    rows = np.array([[5, 2**36, PADDING, 0, 9]])
    found = estimates(rows, np.array([[0.5, 0.5, 0.9, -0.25, 0.75]]))
    assert (found == NOTHING).tolist() == [[False, False, True, False, False]]
    assert rows_of(best([found], 4)).tolist() == [[0, 2**36, 5, 9]]
    assert rows_of(shifted(found, 10)).tolist() == [[15, 2**36 + 10, PADDING, 10, 19]]
