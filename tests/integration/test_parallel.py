"""Threads, and processes begun by fork or spawn, build and mine what one alone builds and mines."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import miner
from tests.support.encoders import make_model
from tests.support.parallel import built, built_and_mined, mined

pytestmark = pytest.mark.filterwarnings("ignore:the encoder can hardly read")
PATIENCE = 120.0
"""Seconds after which a process is taken to hang."""
FIRST = {"thread": 100, "fork": 200, "spawn": 300}


@pytest.fixture(scope="module", params=["hashing", "model"])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "hashing":
        return "hashing"
    return str(make_model(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(scope="module")
def place(encoder: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An index that was built, and mined, in this process: whatever that leaves running is running now."""
    folder = str(tmp_path_factory.mktemp("index") / "index")
    built(folder, encoder)
    mined(folder, encoder, 0)
    return folder


def pool_of(kind: str) -> Any:
    if kind == "thread":
        return ThreadPoolExecutor(2)
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(kind))


@pytest.mark.parametrize("kind", FIRST)
def test_two_at_a_time_do_what_one_does(kind: str, place: str, encoder: str, tmp_path: Path) -> None:
    digest, alone = miner.open_index(place).manifest.sha256, str(tmp_path / "alone")
    firsts = range(FIRST[kind], FIRST[kind] + 12, 4)
    built(alone, encoder)
    expected = [(digest, mined(alone, encoder, first)) for first in firsts]
    with pool_of(kind) as pool:
        waiting = [
            pool.submit(built_and_mined, place, str(tmp_path / str(first)), encoder, first)
            for first in firsts
        ]
        assert [each.result(PATIENCE) for each in waiting] == expected


def test_an_index_and_a_recipe_travel_to_the_workers_of_a_pool(place: str) -> None:
    index, recipe = miner.open_index(place), miner.Recipe(n=2, filters=())
    ask: Callable[..., Any] = miner.mine
    with pool_of("fork") as pool:
        found = pool.submit(ask, [("a1 b1", "nothing")], index, recipe).result(PATIENCE)
    assert [len(row.hard_negatives) for row in found] == [2]
