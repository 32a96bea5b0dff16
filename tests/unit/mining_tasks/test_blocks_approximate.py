"""Approximate search by blocks gives what it gives in memory, and its recall, whoever does the tasks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from miner.executors import Executor, Serial
from miner.filters import Risk, Score
from miner.index import Index, build_index
from miner.mining.recipe import Recipe
from miner.mining_tasks import run as blocks
from miner.mining_tasks.mine import mine
from miner.mining_tasks.run import mine_files
from miner.search import ivfpq, per_shard
from miner.search.search import Search
from tests.support.indexing import many_passages
from tests.support.working import Stub

EACH = 4
SMALLEST = EACH * ivfpq.WORDS
"""Vectors of the smallest shard that gets a structure here: as many as faiss needs, not as many as it asks for."""
APPROXIMATE = Search("ivfpq(nprobe=3, fetch=2)")
RECIPES = {
    "first wave": Recipe(depth=50, filters=(), search=APPROXIMATE),
    "widened": Recipe(n=9, depth=12, filters=(Score(max=0.85),), search=APPROXIMATE),
    "widened to the end": Recipe(n=9, depth=12, filters=(Risk(0.0),), search=APPROXIMATE),
}


@pytest.fixture(scope="module", autouse=True)
def _small_structures() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ivfpq, "EACH", EACH)
        patch.setattr(ivfpq, "LEAST", SMALLEST)
        patch.setattr(per_shard, "LEAST", SMALLEST)
        yield


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Two shards with a structure, one without."""
    folder = tmp_path_factory.mktemp("many") / "index"
    return build_index(many_passages(2 * SMALLEST + 900), folder, HashingEncoder(32), shard_size=SMALLEST)


@pytest.fixture(scope="module")
def asked() -> list[Query]:
    return [
        Query(passage.text.partition(" ")[2], relevant_ids=(passage.id,))
        for passage in many_passages(900)[::60]
    ]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "LEAST", 6)


def written(folder: Path) -> dict[str, object]:
    """Rows and receipts; counts and recall of the record."""
    record = json.loads((folder / "out.run.json").read_bytes())
    made: dict[str, object] = {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}
    return {**made, "counts": record["counts"], "recall": record["recall"]}


@pytest.mark.parametrize("name", RECIPES)
def test_blocks_and_groups_change_no_byte(
    tmp_path: Path, index: Index, asked: list[Query], name: str
) -> None:
    asked = asked[: 1 if name == "widened to the end" else None]
    mine(asked, index, RECIPES[name]).write(tmp_path / "memory" / "out.jsonl")
    expected = written(tmp_path / "memory")
    executors: list[Executor] = [Serial(), Stub(workers=9, lossy=4)]
    for number, executor in enumerate(executors):
        output = tmp_path / str(number) / "out.jsonl"
        mine_files(asked, [index], RECIPES[name], output, executor)
        assert written(output.parent) == expected


def test_what_is_overlooked_is_told_and_what_is_found_has_its_exact_similarity(
    tmp_path: Path, index: Index, asked: list[Query]
) -> None:
    recipe = RECIPES["first wave"]
    record = mine_files(asked, [index], recipe, tmp_path / "out.jsonl", Stub())
    exact = mine(asked, index, replace(recipe, search=Search()))
    assert 0.3 < record["recall"][str(index.path)] < 1
    assert exact.recall == {}
    queries = index.embed_queries([query.text for query in asked], HashingEncoder(32))
    for line, query in zip((tmp_path / "out.receipts.jsonl").open(), queries, strict=True):
        for negative in json.loads(line)["negatives"]:
            (row,) = index.rows_of_ids([negative["id"]])
            true = float(index.vectors([row])[0].astype(np.float64) @ query.astype(np.float64))
            assert negative["similarity"] == pytest.approx(true, abs=1e-6)


def test_an_index_of_small_shards_is_searched_exactly(
    tmp_path: Path, passages: list[Passage], queries: list[Query]
) -> None:
    index = build_index(passages, tmp_path / "index", HashingEncoder(), shard_size=40)
    mine(queries, index).write(tmp_path / "exact" / "out.jsonl")
    mine_files(queries, [index], Recipe(search=APPROXIMATE), tmp_path / "ivfpq" / "out.jsonl", Stub())
    found = written(tmp_path / "ivfpq")
    assert found.pop("recall") == {str(index.path): 1.0}
    assert found == {name: each for name, each in written(tmp_path / "exact").items() if name != "recall"}


def test_several_indexes_are_fused_as_in_memory(tmp_path: Path, index: Index, asked: list[Query]) -> None:
    passages = many_passages(len(index))
    other = build_index(passages, tmp_path / "other", HashingEncoder(16), shard_size=SMALLEST + 400)
    recipe = RECIPES["first wave"]
    mine(asked, [index, other], recipe).write(tmp_path / "a" / "out.jsonl")
    mine_files(asked, [index, other], recipe, tmp_path / "b" / "out.jsonl", Stub())
    assert written(tmp_path / "b") == written(tmp_path / "a")


def test_an_update_keeps_the_structures_of_shards_that_stay(tmp_path: Path) -> None:
    passages, folder = many_passages(SMALLEST + 50), tmp_path / "index"
    index = build_index(passages, folder, HashingEncoder(16), shard_size=SMALLEST)
    Search("ivfpq").over(index).search(index.vectors([0]), 3)
    del index
    (kept,) = (folder / "ann").iterdir()
    stamp = kept.stat().st_mtime_ns
    build_index(passages[:-9], folder, HashingEncoder(16), shard_size=SMALLEST, existing="update")
    assert [(path, path.stat().st_mtime_ns) for path in (folder / "ann").iterdir()] == [(kept, stamp)]
    build_index(passages[9:], folder, HashingEncoder(16), shard_size=SMALLEST, existing="update")
    assert not list((folder / "ann").iterdir())
