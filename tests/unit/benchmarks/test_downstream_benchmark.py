from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

WHERE = {"judged": "lib", "negatives": "lib", "downstream": "quality"}


@pytest.fixture(scope="module")
def modules() -> dict[str, Any]:
    return {name: importlib.import_module(f"benchmarks.{room}.{name}") for name, room in WHERE.items()}


@pytest.fixture
def judged(modules: dict[str, Any]) -> Any:
    """60 queries in 20 threads of three; each thread has three relevant passages; 40 passages of none."""
    draw = np.random.default_rng(0)
    centres = draw.normal(size=(20, 16))
    passages = np.concatenate([np.repeat(centres, 3, axis=0), draw.normal(size=(40, 16))])
    queries = np.repeat(centres, 3, axis=0)
    vectors = [
        (rows := one + draw.normal(size=one.shape) * 0.3) / np.linalg.norm(rows, axis=1, keepdims=True)
        for one in (queries, passages)
    ]
    return modules["judged"].Judged(
        name="made",
        queries=[f"query {i}" for i in range(60)],
        passages=[f"passage {i}" for i in range(100)],
        relevant=[[i // 3 * 3 + j for j in range(3)] for i in range(60)],
        components=np.arange(60) // 3,
        query_vectors=vectors[0].astype(np.float32),
        passage_vectors=vectors[1].astype(np.float32),
    )


def test_no_thread_is_on_both_sides(modules: dict[str, Any], judged: Any) -> None:
    part = modules["downstream"].divide(judged, modules["downstream"].Size(train=30, test=20), seed=1)
    trained, tested = judged.components[part.known.queries], judged.components[part.test]
    assert (len(part.known.queries), len(part.test)) == (30, 20)
    assert not set(trained.tolist()) & set(tested.tolist())


def test_each_training_query_shows_one_of_its_relevant_passages(modules: dict[str, Any], judged: Any) -> None:
    known = modules["downstream"].divide(judged, modules["downstream"].Size(), seed=1).known
    assert all(row in judged.relevant[i] for i, row in zip(known.queries, known.revealed, strict=True))
    assert len({int(row) % 3 for row in known.revealed}) == 3


def test_the_relevant_passages_lead_the_ranked_ones_and_none_is_twice(
    modules: dict[str, Any], judged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = modules["downstream"].candidates(judged, 7).tolist()
    assert rows[:3] == [6, 7, 8]
    assert sorted(rows) == list(range(100))
    monkeypatch.setattr(modules["downstream"], "SMALL_CORPUS", 50)
    few = modules["downstream"].candidates(judged, 7).tolist()
    assert few[:3] == [6, 7, 8]
    assert few == rows[: len(few)]
    assert 30 <= len(few) <= 33


@pytest.mark.parametrize("method", ["random", "naive", "miner"])
def test_a_method_gives_other_passages_than_the_revealed_one(
    modules: dict[str, Any], judged: Any, method: str
) -> None:
    known = modules["downstream"].divide(judged, modules["downstream"].Size(), seed=2).known
    mined = modules["negatives"].METHODS[method](known)
    assert [len(rows) for rows in mined] == [5] * len(known.queries)
    assert all(
        shown not in rows and len(set(rows)) == 5
        for shown, rows in zip(known.revealed.tolist(), mined, strict=True)
    )
    told = modules["downstream"].described(known, mined)
    if method != "miner":
        assert (told["false_negatives"] > 0.3) == (method == "naive")


def test_the_summary_pairs_methods_over_their_common_seeds(modules: dict[str, Any]) -> None:
    def record(method: str, seed: int, value: float) -> dict[str, Any]:
        figures = [[value] * 4] * 10
        return {"set": "made", "method": method, "seed": seed, "figures": figures, "seconds": 1.0} | {
            "components": list(range(10))
        }

    runs = [record("untouched", seed, 0.5) for seed in (0, 1)]
    runs += [record("naive", 0, 0.4), record("miner", 0, 0.7), record("miner", 1, 0.6)]
    made = modules["downstream"].summary(runs, modules["downstream"].Size())["sets"]["made"]
    assert made["miner"]["nDCG@10"] == 0.65
    assert made["miner"]["against"]["untouched"]["nDCG@10"]["change"] == pytest.approx(0.15)
    assert made["miner"]["against"]["naive"]["nDCG@10"]["change"] == pytest.approx(0.3)
    assert made["naive"]["against"]["untouched"]["nDCG@10"]["verdict"] == "loss"
