from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from miner.data import Passage
from miner.encoders import HashingEncoder
from miner.index import Index, build_index

SMAPS = Path("/proc/self/smaps")

pytestmark = pytest.mark.skipif(not SMAPS.exists(), reason="only Linux says what is resident")


@pytest.fixture
def index(tmp_path: Path, passages: list[Passage], encoder: HashingEncoder) -> Index:
    return build_index(passages, tmp_path / "index", encoder, shard_size=50)


def search_in_blocks(index: Index) -> object:
    """With so little memory that a block is not the whole corpus."""
    return index.search(index.vectors(np.arange(3)), 2, max_memory=40 * 1024)


def take_many(index: Index) -> object:
    return index.vectors(np.arange(len(index)))


@pytest.mark.parametrize("read", [search_in_blocks, take_many])
def test_vectors_that_were_read_do_not_stay_resident(index: Index, read: Callable[[Index], object]) -> None:
    kept = index.vectors([0]).copy()
    assert resident(index) > 0
    read(index)
    assert resident(index) == 0
    assert np.array_equal(index.vectors([0]), kept)


def resident(index: Index) -> int:
    """KiB of the index's vectors that are in this process's memory."""
    held, mapping = 0, ""
    for line in SMAPS.read_text().splitlines():
        if not line.split(" ", 1)[0].endswith(":"):
            mapping = line
        elif line.startswith("Rss:") and str(index.path / "vectors") in mapping:
            held += int(line.split()[1])
    return held
