from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

WHERE = {"judged": "lib", "negatives": "lib", "learners": "lib", "downstream": "quality"}


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


def divided(modules: dict[str, Any], judged: Any, train: int = 400, test: int = 200, seed: int = 1) -> Any:
    return modules["downstream"].divide(judged, modules["learners"].LEARNERS["bi"], train, test, seed)


def test_no_thread_is_on_both_sides(modules: dict[str, Any], judged: Any) -> None:
    part = divided(modules, judged, 30, 20)
    trained, tested = judged.components[part.known.queries], judged.components[part.test]
    assert (len(part.known.queries), len(part.test)) == (30, 20)
    assert not set(trained.tolist()) & set(tested.tolist())


def test_each_training_query_shows_one_of_its_relevant_passages(modules: dict[str, Any], judged: Any) -> None:
    known = divided(modules, judged).known
    assert all(row in judged.relevant[i] for i, row in zip(known.queries, known.revealed, strict=True))
    assert len({int(row) % 3 for row in known.revealed}) == 3


def test_the_relevant_passages_lead_the_ranked_ones_and_none_is_twice(
    modules: dict[str, Any], judged: Any
) -> None:
    learner = modules["learners"].LEARNERS["bi"]
    rows = modules["downstream"].candidates(judged, learner, 7).tolist()
    assert rows[:3] == [6, 7, 8]
    assert sorted(rows) == list(range(100))
    few = modules["downstream"].candidates(judged, replace(learner, whole=50), 7).tolist()
    assert few[:3] == [6, 7, 8]
    assert few == rows[: len(few)]
    assert 30 <= len(few) <= 33


@pytest.mark.parametrize("method", ["random", "naive", "miner"])
def test_a_method_gives_other_passages_than_the_revealed_one(
    modules: dict[str, Any], judged: Any, method: str
) -> None:
    known = divided(modules, judged, seed=2).known
    mined = modules["negatives"].method(method)(known)
    assert [len(own.negatives) for own in mined] == [5] * len(known.queries)
    assert all(
        shown not in own.negatives and len(set(own.negatives)) == 5
        for shown, own in zip(known.revealed.tolist(), mined, strict=True)
    )
    told = modules["downstream"].described(known, mined)
    if method != "miner":
        assert (told["false_negatives"] > 0.3) == (method == "naive")


def test_the_former_guards_leave_out_pages_of_one_template_and_fill_up(
    modules: dict[str, Any], judged: Any
) -> None:
    draw = np.random.default_rng(3)
    words = ["".join(draw.choice(list("abcdefghijklmnop"), 8)) for _ in range(900)]
    templates = [" ".join(words[i * 9 : i * 9 + 9]) for i in range(100)]
    passages = [f"{templates[i // 3 if i < 60 else i]} {i}" for i in range(100)]
    known = divided(modules, replace(judged, passages=passages)).known
    before, now = (modules["negatives"].method(name)(known) for name in ("former-guards", "miner"))
    alike = [
        sum(
            row // 3 == shown // 3
            for shown, own in zip(known.revealed, mined, strict=True)
            for row in own.negatives
        )
        for mined in (before, now)
    ]
    assert alike[0] == 0 < alike[1]
    assert {len(own.negatives) for own in before} == {5}


def test_the_summary_pairs_methods_over_their_common_seeds(modules: dict[str, Any]) -> None:
    def record(method: str, seed: int, value: float) -> dict[str, Any]:
        figures = [[value] * 4] * 10
        return {"set": "made", "method": method, "rows": 400, "seed": seed, "seconds": 1.0} | {
            "figures": figures,
            "components": list(range(10)),
        }

    runs = [record("untouched", seed, 0.5) for seed in (0, 1)]
    runs += [record("naive", 0, 0.4), record("miner", 0, 0.7), record("miner", 1, 0.6)]
    made = modules["downstream"].summary(runs)["made"]
    assert made["miner"]["nDCG@10"] == 0.65
    assert made["miner"]["against"]["untouched"]["nDCG@10"]["change"] == pytest.approx(0.15)
    assert made["miner"]["against"]["naive"]["nDCG@10"]["change"] == pytest.approx(0.3)
    assert made["naive"]["against"]["untouched"]["nDCG@10"]["verdict"] == "loss"


def test_a_simulated_judge_finds_most_answers_and_says_the_same_of_a_pair_to_all(
    modules: dict[str, Any], judged: Any
) -> None:
    known = divided(modules, judged).known
    naive, dropped, relabelled = (
        modules["negatives"].method(name)(known) for name in ("naive", "drop:naive", "relabel:naive")
    )
    told = modules["downstream"].described
    assert told(known, dropped)["false_negatives"] < told(known, naive)["false_negatives"] / 3
    for before, without, after in zip(naive, dropped, relabelled, strict=True):
        assert without.negatives == after.negatives
        assert sorted([*after.negatives, *after.relevant]) == sorted(before.negatives)
    promoted = [(i, row) for i, own in zip(known.queries, relabelled, strict=True) for row in own.relevant]
    assert sum(row in judged.relevant[i] for i, row in promoted) > 0.8 * len(promoted) > 0


def test_results_of_what_was_not_run_stay(modules: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    older: dict[str, Any] = {"made, 100 rows": {"random": {}, "naive": {"seeds": [0]}}, "other": {}}
    path.write_text(json.dumps({"bi": {"sets": {}}, "cross": {"sets": older}}))
    record = {"learner": "cross", "set": "made", "method": "naive", "rows": 100, "seed": 0, "seconds": 1.0}
    figures = {"cross": [[0.5] * 4] * 6, "cross + encoder": [[0.7] * 4] * 6}
    modules["downstream"].write_results(path, [record | {"figures": figures, "components": list(range(6))}])
    held = json.loads(path.read_text())
    assert list(held) == ["bi", "cross", "cross + encoder"]
    assert held["cross + encoder"]["sets"]["made, 100 rows"]["naive"]["nDCG@10"] == 0.7
    assert held["cross"]["sets"]["made, 100 rows"]["naive"]["nDCG@10"] == 0.5
    assert held["cross"]["sets"]["made, 100 rows"]["random"] == held["cross"]["sets"]["other"] == {}


def test_figures_of_more_seeds_stay(modules: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"bi": {"sets": {"made": {"naive": {"seeds": [0, 1], "nDCG@10": 0.6}}}}}))
    record = {"learner": "bi", "set": "made", "method": "naive", "rows": 400, "seed": 0, "seconds": 1.0}
    figures = {"bi": [[0.5] * 4] * 6}
    modules["downstream"].write_results(path, [record | {"figures": figures, "components": list(range(6))}])
    assert json.loads(path.read_text())["bi"]["sets"]["made"]["naive"]["nDCG@10"] == 0.6


def test_a_taught_learner_trains_on_the_teachers_scores_of_the_same_rows(
    modules: dict[str, Any], judged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    downstream, asked = modules["downstream"], list[Any]()

    class Learner:
        views = ("cross",)

        def learn(self, rows: Any, seed: int, questions: Any, scores: Any) -> Any:
            asked.append((rows, scores))
            return 1, {"cross": [np.zeros(len(texts), np.float32) for _, texts in questions.requests]}

    class Teacher:
        def score(self, pairs: Any) -> Any:
            return np.arange(len(pairs), dtype=np.float32)

    monkeypatch.setattr(downstream, "LEARNERS", {"cross": Learner()})
    monkeypatch.setattr(downstream, "teacher", Teacher)
    part = divided(modules, judged)
    for method in ("naive", "kl:naive"):
        downstream.run(part, downstream.Run("cross", "made", method, 400, 0))
    (rows, labels), (same, scores) = asked
    assert labels is None
    assert rows == same
    assert all(
        (row.query, text) in scores for row in rows for text in (*row.relevant_passages, *row.hard_negatives)
    )
