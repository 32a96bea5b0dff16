"""What is computed once for a block of queries and found again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from miner.data import Passage
from miner.encoders import HashingEncoder
from miner.filters import Margin, Risk
from miner.index import Index, build_index, memo
from miner.index.memo import ArraySpec, Memo, MemoKind
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine

SPECS: list[ArraySpec] = [(np.dtype(np.float32), (2, 2)), (np.dtype(np.uint8), (3,))]
THING = MemoKind("thing", 1)


@pytest.fixture(autouse=True)
def _keep_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "LEAST_BYTES", 0)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    passages = (Passage(f"doc-{i}", f"passage number {i} about topic {i % 7}") for i in range(60))
    return build_index(passages, tmp_path / "index", HashingEncoder(16))


class Making:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Sequence[Any]:
        self.times += 1
        return np.full((2, 2), self.times, np.float32), np.arange(3, dtype=np.uint8)


def test_the_same_key_finds_what_was_made(index: Index) -> None:
    make = Making()
    first = Memo(index).arrays(THING, ["a", ["b", "c"], np.arange(3)], SPECS, make)
    again = Memo(index).arrays(THING, ["a", ["b", "c"], np.arange(3)], SPECS, make)
    assert make.times == 1
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "other",
    [
        ["a", ["bc"], np.arange(3)],
        ["ab", ["c"], np.arange(3)],
        ["a", ["b"], "c", np.arange(3)],
        ["a", ["b", "c"], np.arange(3.0)],
    ],
)
def test_another_key_does_not(index: Index, other: list[Any]) -> None:
    make = Making()
    for key in (["a", ["b", "c"], np.arange(3)], other):
        Memo(index).arrays(THING, key, SPECS, make)
    assert make.times == 2


def test_nor_does_another_schema(index: Index) -> None:
    make = Making()
    for schema in (1, 2):
        Memo(index).arrays(MemoKind("thing", schema), ["a"], SPECS, make)
    assert make.times == 2


def test_a_damaged_file_is_made_anew(index: Index) -> None:
    make = Making()
    Memo(index).arrays(THING, ["a"], SPECS, make)
    (file,) = index.path.glob("cache/thing_*")
    file.write_bytes(file.read_bytes()[:-1] + b"\xff")
    Memo(index).arrays(THING, ["a"], SPECS, make)
    assert make.times == 2


def test_what_is_small_leaves_no_file(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "LEAST_BYTES", 100)
    Memo(index).arrays(THING, ["a"], SPECS, Making())
    assert not list(index.path.glob("cache/thing_*"))


def test_the_oldest_goes_when_there_is_too_much(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Making()
    monkeypatch.setattr(memo, "MAX_BYTES", 400)
    for key in "abcd":
        Memo(index).arrays(THING, [key], SPECS, make)
    assert sum(file.stat().st_size for file in index.path.glob("cache/thing_*")) <= 400
    Memo(index).arrays(THING, ["d"], SPECS, make)
    assert make.times == 4


def test_one_run_does_not_throw_out_what_it_wrote(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Making()
    monkeypatch.setattr(memo, "MAX_BYTES", 400)
    run = Memo(index)
    for key in range(50):
        run.arrays(THING, [str(key)], SPECS, make)
    run.arrays(THING, ["20"], SPECS, make)
    assert 50 < make.times + len(list(index.path.glob("cache/thing_*"))) <= 55


def test_mining_again_gives_what_mining_anew_gives(index: Index, tmp_path: Path) -> None:
    queries = [{"query": f"topic {i}", "relevant_ids": [f"doc-{i}"]} for i in range(7)]
    for recipe in (Recipe(filters=(Risk(0.5),)), Recipe(filters=(Margin(relative=0.1),)), Recipe(depth=30)):
        mine(queries, index, recipe, encoder=HashingEncoder(16)).write(tmp_path / "again.jsonl")
        index.caching = False
        mine(queries, index, recipe, encoder=HashingEncoder(16)).write(tmp_path / "anew.jsonl")
        index.caching = True
        for ending in ("jsonl", "receipts.jsonl"):
            assert (tmp_path / f"again.{ending}").read_bytes() == (tmp_path / f"anew.{ending}").read_bytes()
