"""Mining by blocks gives what mining in memory gives, whoever does the tasks and however often."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from miner.data import Float32, Passage, Query
from miner.encoders import HashingEncoder
from miner.errors import ConfigError, Locked
from miner.executors import Serial
from miner.filters import Risk, Score
from miner.index import Index, build_index
from miner.mining.recipe import Recipe
from miner.mining.teacher import ScoreCache
from miner.mining_tasks import run as blocks
from miner.mining_tasks.mine import mine
from miner.mining_tasks.plan import groups
from miner.mining_tasks.run import mine_files
from miner.search.search import Search
from miner.storage import sealed
from miner.storage.locks import building
from tests.support.working import Stub

RECIPES = {
    "default": Recipe(),
    "widened": Recipe(n=20, depth=20),
    "widened to the end": Recipe(n=40, depth=40, filters=(Risk(0.0001),)),
    "shallow": Recipe(n=3, depth=3, filters=(Score(max=0.9),), emit="title-text"),
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, passages: list[Passage]) -> Index:
    return build_index(passages, tmp_path_factory.mktemp("i") / "index", HashingEncoder(), shard_size=25)


@pytest.fixture(scope="module")
def asked(queries: list[Query]) -> list[Query]:
    few = queries[::3]
    return [replace(query, hard_negatives=("No, never.",) * (i % 4 == 0)) for i, query in enumerate(few)]


@pytest.fixture(scope="module")
def in_memory(
    tmp_path_factory: pytest.TempPathFactory, index: Index, asked: list[Query]
) -> dict[str, dict[str, bytes]]:
    """What mining in memory writes, by recipe."""
    made = {}
    for name, recipe in RECIPES.items():
        folder = tmp_path_factory.mktemp("memory")
        mine(asked, index, recipe).write(folder / "out.jsonl")
        made[name] = files(folder)
    return made


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three blocks."""
    monkeypatch.setattr(blocks, "LEAST", 6)


def files(folder: Path) -> dict[str, bytes]:
    """Rows, receipts and the counts of the record."""
    made = {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}
    record = json.loads((folder / "out.run.json").read_bytes())
    return {**made, "counts": json.dumps(record["counts"]).encode()}


@pytest.mark.parametrize("executor", [Serial(), Stub(workers=3), Stub(workers=40, lossy=4)], ids=repr)
@pytest.mark.parametrize("name", RECIPES)
def test_blocks_and_groups_change_no_byte(
    tmp_path: Path,
    index: Index,
    asked: list[Query],
    in_memory: dict[str, dict[str, bytes]],
    name: str,
    executor: Serial | Stub,
) -> None:
    mine_files(asked, [index], RECIPES[name], tmp_path / "out.jsonl", executor)
    assert files(tmp_path) == in_memory[name]
    assert not (tmp_path / "out.jsonl.work").exists()


def test_several_indexes_are_fused_as_in_memory(
    tmp_path: Path, index: Index, passages: list[Passage], asked: list[Query]
) -> None:
    other = build_index(passages, tmp_path / "other", HashingEncoder(64), shard_size=40)
    mine(asked, [index, other]).write(tmp_path / "a" / "out.jsonl")
    mine_files(asked, [index, other], Recipe(), tmp_path / "b" / "out.jsonl", Stub())
    assert files(tmp_path / "b") == files(tmp_path / "a")


def stopped(output: Path, asked: list[Query], index: Index, tasks: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        mine_files(asked, [index], Recipe(), output, Stub(stop_after=tasks))
    assert not output.exists()


def noting(write: Callable[..., Any], made: list[str]) -> Callable[..., Any]:
    """The same, and the stem of what is written is noted."""

    def noted(folder: Path, stem: str, *rest: Any) -> Any:
        made.append(stem)
        return write(folder, stem, *rest)

    return noted


@pytest.mark.parametrize("tasks", [2, 8, 14])
def test_a_run_that_was_stopped_does_only_what_was_not_done(
    tmp_path: Path,
    index: Index,
    asked: list[Query],
    in_memory: dict[str, dict[str, bytes]],
    tasks: int,
) -> None:
    """Three blocks prepared, three groups searched for each, three blocks judged: 15 tasks."""
    stopped(tmp_path / "out.jsonl", asked, index, tasks)
    made = list[str]()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("seal", "seal_pieces"):
            patch.setattr(sealed, name, noting(getattr(sealed, name), made))
        mine_files(asked, [index], Recipe(), tmp_path / "out.jsonl", Stub())
    again = [stem for stem in made if stem.startswith(("prepared", "candidates", "judged"))]
    assert len(again) == 15 - tasks
    assert files(tmp_path) == in_memory["default"]


def test_another_recipe_does_not_continue_what_a_stopped_run_left(
    tmp_path: Path, index: Index, asked: list[Query], in_memory: dict[str, dict[str, bytes]]
) -> None:
    stopped(tmp_path / "out.jsonl", asked, index, 14)
    mine_files(asked, [index], RECIPES["shallow"], tmp_path / "out.jsonl", Stub())
    assert files(tmp_path) == in_memory["shallow"]


def test_what_was_damaged_between_tasks_is_made_again(
    tmp_path: Path, index: Index, asked: list[Query], in_memory: dict[str, dict[str, bytes]]
) -> None:
    stopped(tmp_path / "out.jsonl", asked, index, 11)
    for path in tmp_path.rglob("*.np?"):
        path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    mine_files(asked, [index], Recipe(), tmp_path / "out.jsonl", Stub())
    assert files(tmp_path) == in_memory["default"]


def test_two_runs_for_one_output_do_not_meet(tmp_path: Path, index: Index, asked: list[Query]) -> None:
    with building(tmp_path / "out.jsonl.work"), pytest.raises(Locked):
        mine_files(asked, [index], Recipe(), tmp_path / "out.jsonl", Serial())


class ByLength:
    """A scorer that needs no model."""

    fingerprint = "by length"

    def score(self, pairs: Sequence[tuple[str, str]]) -> Float32:
        return np.array([len(passage) for _, passage in pairs], np.float32)


def test_what_depends_on_the_whole_run_or_index_is_refused(
    tmp_path: Path, index: Index, asked: list[Query]
) -> None:
    for recipe in (
        Recipe(teacher=ScoreCache(tmp_path / "cache", ByLength())),
        Recipe(search=Search("hnsw")),
    ):
        with pytest.raises(ConfigError, match="in one process only"):
            mine_files(asked, [index], recipe, tmp_path / "out.jsonl", Serial())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("shards", "workers"), [(1, 1), (1, 9), (8, 3), (7, 7), (1000, 64)])
def test_groups_cover_all_shards_once_and_evenly(shards: int, workers: int) -> None:
    made = groups(shards, workers)
    assert [shard for start, stop in made for shard in range(start, stop)] == list(range(shards))
    sizes = [stop - start for start, stop in made]
    assert len(made) == min(shards, workers)
    assert max(sizes) - min(sizes) <= 1
