"""Threads, and processes begun by fork or spawn, build and mine what one alone builds and mines."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import miner
from tests.support.encoders import make_model, texts

PATIENCE = 120.0
"""Seconds after which a process is taken to hang."""
Rows = list[tuple[str, tuple[str, ...]]]


def mined(place: str, encoder: str, first: int) -> Rows:
    """Rows of four queries that no other call asks."""
    queries = [(f"a{i} b{i} question {i}", f"an answer to {i}") for i in range(first, first + 4)]
    found = miner.mine(queries, place, encoder=encoder, filters=[], select="top()", progress=False)
    return [(row.query, row.hard_negatives) for row in found]


def built(place: str, encoder: str) -> str:
    """What an index of the same texts is known by."""
    return miner.build_index(texts(60), place, encoder, progress=False).manifest.sha256


@pytest.fixture(scope="module", params=["hashing", "model"])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "hashing":
        return "hashing"
    return str(make_model(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(scope="module")
def place(encoder: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An index that was built, and mined, in this process: whatever it leaves running is running now."""
    folder = str(tmp_path_factory.mktemp("index") / "index")
    built(folder, encoder)
    mined(folder, encoder, 0)
    return folder


def alone(place: str, encoder: str, folder: Path, firsts: range) -> list[Rows]:
    """What each call gives on an index of its own, where nothing is remembered of the others."""
    built(str(folder), encoder)
    return [mined(str(folder), encoder, first) for first in firsts]


def pool_of(kind: str) -> Any:
    if kind == "thread":
        return ThreadPoolExecutor(2)
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(kind))


@pytest.mark.parametrize("kind", ["thread", "fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_two_at_a_time_mine_what_one_mines(kind: str, place: str, encoder: str, tmp_path: Path) -> None:
    base = {"thread": 100, "fork": 200, "spawn": 300}[kind]
    firsts = range(base, base + 16, 4)
    expected = alone(place, encoder, tmp_path / "alone", firsts)
    with pool_of(kind) as pool:
        waiting = [pool.submit(mined, place, encoder, first) for first in firsts]
        assert [each.result(PATIENCE) for each in waiting] == expected


@pytest.mark.parametrize("kind", ["thread", "fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_two_at_a_time_build_what_one_builds(kind: str, place: str, encoder: str, tmp_path: Path) -> None:
    expected = miner.open_index(place).manifest.sha256
    with pool_of(kind) as pool:
        waiting = [pool.submit(built, str(tmp_path / name), encoder) for name in "abc"]
        assert {each.result(PATIENCE) for each in waiting} == {expected}


def test_what_is_handed_over_can_be_pickled(place: str) -> None:
    """An index and a recipe travel to a pool's workers as they are."""
    index, recipe = miner.open_index(place), miner.Recipe(n=2, filters=())
    ask: Callable[..., Any] = miner.mine
    with pool_of("fork") as pool:
        found = pool.submit(ask, [("a1 b1", "nothing")], index, recipe).result(PATIENCE)
    assert [len(row.hard_negatives) for row in found] == [2]
