from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from miner.corpus.options import strict
from miner.data import Float32, Row
from miner.encoders import HashingEncoder
from miner.errors import ConfigError, InputError, Inseparable
from miner.formats.cohere import load_rows, write_rows
from miner.splitting import SplitPlan, near, split_file, split_rows
from miner.splitting.near import groups, linked

SMALL = SplitPlan(least_train=1, least_eval=1)


def made(count: int, seed: int = 0) -> list[Row]:
    """Rows with repeated queries, shared passages in other dress and near-paraphrases."""
    draw = random.Random(seed)
    colours, animals = ("red", "blue", "green", "pink", "grey"), ("cat", "dog", "cow")
    topics = [f"{colour} {animal}" for colour in colours for animal in animals]
    rows = []
    for number in range(count):
        topic = draw.choice(topics)
        query = draw.choice(
            [f"what is a {topic} number {number}", f"question {number} on {topic}", f"{topic}?"]
        )
        relevant = {f"Passage {draw.randrange(2 * count)} about it.", f"Own passage {number}."}
        negatives = tuple(f"passage {draw.randrange(2 * count)}, ABOUT it" for _ in range(3))
        rows.append(Row(query, tuple(sorted(relevant))[: draw.randint(1, 2)], negatives))
    return rows


def plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def leaks(train: Sequence[Row], evaluation: Sequence[Row], near: float | None) -> list[tuple[str, str]]:
    """What both sides share, by comparing every row with every other; knows nothing of miner.split."""
    found = []
    encoder = HashingEncoder()
    for one, other in itertools.product(train, evaluation):
        if plain(one.query) == plain(other.query):
            found.append(("query", one.query))
        found += [("passage", text) for text in shared(one.relevant_passages, other.relevant_passages)]
    if near is not None:
        ours, theirs = (encoder.encode_queries([row.query for row in side]) for side in (train, evaluation))
        for i, j in np.argwhere(ours @ theirs.T >= near + 0.001):
            found.append(("paraphrase", f"{train[i].query} / {evaluation[j].query}"))
    return found


def shared(ours: Sequence[str], theirs: Sequence[str]) -> set[str]:
    return {plain(text) for text in ours} & {plain(text) for text in theirs}


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("seed", range(5))
def test_nothing_leaks(tmp_path: Path, seed: int) -> None:
    rows = made(120, seed)
    path = tmp_path / "rows.jsonl"
    write_rows(path, rows)
    plan = SplitPlan(seed=seed, near=0.9, least_train=1, least_eval=1)
    split = split_file(path, plan, encoder=HashingEncoder())
    train, evaluation = load_rows(split.train.file), load_rows(split.evaluation.file)
    assert leaks(train, evaluation, 0.9) == []
    assert sorted(map(str, train + evaluation)) == sorted(map(str, rows))
    assert (split.train.rows, split.evaluation.rows) == (len(train), len(evaluation))
    assert evaluation


def test_the_leak_check_finds_leaks() -> None:
    rows = made(120)
    kinds = {kind for kind, _ in leaks(rows[:60], rows[60:], 0.9)}
    assert kinds == {"query", "passage", "paraphrase"}


def test_every_row_goes_its_way_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = [Row(f"question {n}", (f"answer {n}",)) for n in range(400)]
    path = tmp_path / "rows.jsonl"
    write_rows(path, rows)
    split = split_file(path)
    train, evaluation = load_rows(tmp_path / "rows.train.jsonl"), load_rows(tmp_path / "rows.eval.jsonl")
    assert (len(train), len(evaluation)) == (320, 80)
    assert (split.components, split.largest) == (400, 1)
    assert train == [row for row in rows if row in train]
    assert evaluation == [row for row in rows if row in evaluation]
    assert evaluation != rows[320:]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, made(100))
    bytes_of = []
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        plan = SplitPlan(seed=seed, least_train=1, least_eval=1)
        split = split_file(path, plan, folder=tmp_path / folder)
        bytes_of.append(split.evaluation.file.read_bytes())
    assert bytes_of[0] == bytes_of[1] != bytes_of[2]


def test_receipts_and_run_record_are_split_alongside(tmp_path: Path) -> None:
    rows = [Row(f"question {n}", (f"answer {n}",), (f"no {n}",)) for n in range(10)]
    path = tmp_path / "rows.jsonl"
    write_rows(path, rows)
    receipts = [
        {"query": row.query, "relevant": [{"id": None}], "negatives": [{"id": row.query[9:]}]} for row in rows
    ]
    (tmp_path / "rows.receipts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in receipts))
    (tmp_path / "rows.run.json").write_text(json.dumps({"miner": "1", "outputs": {}}))
    split_file(path, SMALL)
    for side in ("train", "eval"):
        kept = load_rows(tmp_path / f"rows.{side}.jsonl")
        beside = written(tmp_path / f"rows.{side}.receipts.jsonl")
        assert [one["query"] for one in beside] == [row.query for row in kept]
        run = json.loads((tmp_path / f"rows.{side}.run.json").read_text())
        assert sorted(run["outputs"]) == [f"rows.{side}.jsonl", f"rows.{side}.receipts.jsonl"]
        assert run["derived"][0]["side"] == side


def test_cohere_s_minima_are_kept_even_against_the_fraction() -> None:
    rows = [Row(f"question {n}", (f"answer {n}",)) for n in range(320)]
    for fraction in (0.01, 0.2, 0.9):
        assert split_rows(rows, SplitPlan(fraction=fraction)).sum() == 64
    with pytest.raises(
        Inseparable, match="319 different queries; 256 for training and 64 for evaluation need 320"
    ):
        split_rows(rows[1:], SplitPlan())


def test_one_giant_group_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    rows = [Row(f"question {n}", ("the one answer",)) for n in range(390)] + [
        Row(f"other {n}", (f"answer {n}",)) for n in range(10)
    ]
    path = tmp_path / "rows.jsonl"
    write_rows(path, rows)
    with pytest.raises(
        Inseparable, match=r"rows\.jsonl: cannot be split: the largest group .* holds 390 of 400"
    ):
        split_file(path)
    assert [file.name for file in tmp_path.iterdir()] == ["rows.jsonl"]


def test_a_group_too_large_for_the_fraction_is_taken_where_the_minimum_asks_for_it() -> None:
    rows = [Row(f"question {n}", (f"shared {n // 100}",)) for n in range(400)]
    chosen = split_rows(rows, SplitPlan(fraction=0.2))
    assert chosen.sum() == 100
    assert len(set(np.flatnonzero(chosen) // 100)) == 1


def test_negatives_that_are_relevant_on_the_other_side_are_reported(tmp_path: Path) -> None:
    rows = [Row(f"question {n}", (f"Answer {n}.",), (f"ANSWER {(n + 1) % 20}", f"no {n}")) for n in range(20)]
    path = tmp_path / "rows.jsonl"
    write_rows(path, rows)
    split = split_file(path, SMALL)
    evaluation = {row.query for row in load_rows(split.evaluation.file)}
    crossing = [
        n for n in range(20) if (rows[n].query in evaluation) != (rows[(n + 1) % 20].query in evaluation)
    ]
    assert split.train.crossing + split.evaluation.crossing == len(crossing) > 0
    assert [one["line"] for one in split.crossing] == [n + 1 for n in crossing]
    assert all(one["text"].startswith("ANSWER") for one in split.crossing)


def test_bad_plans_and_files_are_refused(tmp_path: Path) -> None:
    for wrong in ({"fraction": 0.0}, {"fraction": 1.0}, {"near": 0.0}, {"near": 1.1}, {"least_eval": 0}):
        with pytest.raises(ConfigError):
            SplitPlan(**wrong)
    path = tmp_path / "rows.jsonl"
    path.write_text('{"query": "a", "relevant_passages": []}\n{"query": "b"}\n')
    with pytest.raises(
        InputError, match=r"holds no rows that can be used: .*rows\.jsonl:1: has no relevant passage"
    ):
        split_file(path, SMALL)
    with pytest.raises(InputError, match=r":1: has no relevant passage"):
        split_file(path, SMALL, options=strict())
    path.write_text("")
    with pytest.raises(InputError, match="holds no queries"):
        split_file(path, SMALL)


def unit(count: int, dim: int, seed: int) -> Float32:
    draw = np.random.default_rng(seed).normal(size=(count, dim)) + 0.7
    vectors: Float32 = (draw / np.linalg.norm(draw, axis=1, keepdims=True)).astype(np.float32)
    return vectors


@pytest.mark.parametrize(("rows", "columns", "edges"), [(512, 8192, 2_000_000), (7, 11, 5), (64, 1, 1)])
def test_near_pairs_are_those_of_brute_force_whatever_the_blocks(
    monkeypatch: pytest.MonkeyPatch, rows: int, columns: int, edges: int
) -> None:
    monkeypatch.setattr(near, "ROWS", rows)
    monkeypatch.setattr(near, "COLUMNS", columns)
    monkeypatch.setattr(near, "MOST_EDGES", edges)
    vectors = unit(100, 8, 3)
    exact = vectors.astype(np.float16).astype(np.float64)
    similarity = exact @ exact.T
    for threshold in (0.7, 0.9, float(similarity[3, 90])):
        expected = np.argwhere(similarity >= threshold)
        assert groups(linked(vectors, threshold), 100).tolist() == groups(expected, 100).tolist()
