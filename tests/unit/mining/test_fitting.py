"""A selector that is fitted to a sample of the run before the first row is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import miner
from miner.data import Float32, Int64, Pool, Query, Selection, UInt8
from miner.index import Index
from miner.mining import fitting
from miner.mining.fitting import fitted, sample
from miner.mining.given import score_cache
from miner.mining.recipe import Recipe
from miner.selectors import Selector, Top
from miner.spec import Spec

TEXTS = [f"a{i % 20} b{i % 7} c{i % 11} d{i}" for i in range(200)]
QUERIES = [Query(text, relevant_ids=(str(i),)) for i, text in enumerate(TEXTS[:30])]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("fitting") / "index"
    passages = [miner.Passage(str(i), text) for i, text in enumerate(TEXTS)]
    return miner.build_index(passages, folder, miner.HashingEncoder())


@dataclass(frozen=True, repr=False)
class Counting(Spec):
    """Takes the hardest, and says how many queries it was fitted to."""

    name: ClassVar[str] = "counting"
    seen: int | None = None

    @property
    def ready(self) -> bool:
        return self.seen is not None

    def choose(self, pool: Pool, verdicts: UInt8, n: Int64, seed: int) -> Selection:
        return Top().choose(pool, verdicts, n, seed)

    def fitted(self, pools: Sequence[Pool], verdicts: Sequence[UInt8], n: Sequence[Int64]) -> Selector:
        for pool, verdict, wanted in zip(pools, verdicts, n, strict=True):
            assert verdict.shape == pool.rows.shape
            assert len(wanted) == len(pool.rows)
        return replace(self, seen=sum(len(pool.rows) for pool in pools))


def test_the_run_record_names_what_was_found(index: Index, tmp_path: Path) -> None:
    record = miner.mine(QUERIES, index, output=tmp_path / "rows.jsonl")
    assert record["recipe"]["select"].startswith("priced(price=")
    again = miner.mine(QUERIES, index, select=record["recipe"]["select"], output=tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "rows.jsonl").read_bytes()
    assert again["recipe"] == record["recipe"]


def test_a_selector_of_your_own_sees_every_query_of_a_small_run(index: Index) -> None:
    assert miner.mine(QUERIES, index, select=Counting()).recipe.select == Counting(seen=30)
    assert miner.mine(QUERIES, index, select=Counting(seen=7)).recipe.select == Counting(seen=7)


def test_of_a_large_run_a_sample_is_seen(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "SAMPLED", 8)
    assert fitted(Recipe(select=Counting()), QUERIES, [index]).select == Counting(seen=8)


def test_a_run_that_begins_with_its_sample_has_the_rows_of_one_that_was_given_the_price(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "SAMPLED", 8)
    result = miner.mine(QUERIES, index)
    assert fitted(Recipe(), QUERIES, [index]).select == result.recipe.select
    given = miner.mine(QUERIES, index, select=result.recipe.select)
    assert [row.hard_negatives for row in given] == [row.hard_negatives for row in result]


def test_the_sample_is_drawn_by_text_whatever_the_order_and_changes_little_with_one_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fitting, "SAMPLED", 50)
    drawn = {TEXTS[i] for i in sample(TEXTS, seed=0)}
    assert len(drawn) == 50
    assert {TEXTS[::-1][i] for i in sample(TEXTS[::-1], seed=0)} == drawn
    assert len(drawn - {[*TEXTS, "one more"][i] for i in sample([*TEXTS, "one more"], seed=0)}) <= 1
    assert {TEXTS[i] for i in sample(TEXTS, seed=1)} != drawn


def test_rows_do_not_hang_on_the_order_of_queries(index: Index) -> None:
    there = {row.query: row.hard_negatives for row in miner.mine(QUERIES, index)}
    back = {row.query: row.hard_negatives for row in miner.mine(QUERIES[::-1], index)}
    assert there == back


def test_explaining_one_query_among_those_of_a_run_shows_what_the_run_chose(index: Index) -> None:
    result = miner.mine(QUERIES, index)
    for place in (0, 17):
        shown = miner.explain(QUERIES[place], index, among=QUERIES)
        chosen = [each.text for each in shown.candidates if each.verdict == "chosen"]
        assert chosen == list(result[place].hard_negatives)
        assert result.explain(place) == shown


def test_a_teacher_is_not_asked_about_the_sample(index: Index) -> None:
    asked = list[tuple[str, str]]()

    class Teacher:
        fingerprint = "by length"

        def score(self, pairs: Sequence[tuple[str, str]]) -> Float32:
            asked.extend(pairs)
            return np.zeros(len(pairs), np.float32)

    recipe = Recipe(teacher=score_cache(Teacher(), index))
    assert repr(fitted(recipe, QUERIES, [index]).select).startswith("priced(price=")
    assert not asked
