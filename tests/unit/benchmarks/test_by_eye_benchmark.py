"""Mined negatives to be read by eye: what is drawn, what the reader sees, what verdicts come to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.lib.verdicts import VERDICTS, paired, score
from benchmarks.quality.by_eye import NAIVE, OURS, RECIPES, THEIRS, Asked, Rows, drawn, sheet
from benchmarks.tables.detection_tables import by_eye
from tests.unit.benchmarks.test_quality_benchmark import judged

Drawn = tuple[Asked, dict[str, Rows]]


@pytest.fixture(scope="module")
def mined() -> Drawn:
    set_ = replace(judged(), relevant=[rows[:3] for rows in judged().relevant])
    asked = Asked.of(set_, drawn(set_, 10, seed=0))
    return asked, asked.mined()


def test_of_queries_that_share_a_labelled_passage_one_is_drawn() -> None:
    set_ = judged()
    chosen = drawn(set_, 20, seed=0)
    assert len(chosen) == 10
    shown = [row for query in chosen for row in set_.relevant[query]]
    assert len(shown) == len(set(shown))
    assert drawn(set_, 4, seed=0) == chosen[:4]
    assert drawn(set_, 20, seed=1) != chosen


def test_every_recipe_mines_and_none_takes_a_labelled_passage(mined: Drawn) -> None:
    asked, rows = mined
    assert tuple(rows) == RECIPES == (NAIVE, THEIRS, *OURS)
    for recipe, found in rows.items():
        assert len(found) == len(asked.queries), recipe
        assert any(found), recipe
        for query, own in zip(asked.queries, found, strict=True):
            assert not set(own) & set(asked.judged.relevant[query]), recipe
    assert rows[NAIVE] != rows["priced()"]


def test_a_passage_is_read_once_and_the_sheet_does_not_tell_who_chose_it(mined: Drawn) -> None:
    asked, rows = mined
    shown, key = sheet(asked, rows, seed=0)
    assert len({(line["query"], line["row"]) for line in key}) == len(key) == len(shown)
    assert {tuple(line) for line in shown} == {("id", "query", "relevant", "candidate")}
    for line, known in zip(shown, key, strict=True):
        assert line["id"] == known["id"]
        assert line["candidate"] == f"passage {known['row']}"
        assert line["relevant"] == f"passage {asked.judged.relevant[known['query']][0]}"
    filled = sum(bool(own) for found in rows.values() for own in found)
    assert sum(len(line["recipes"]) for line in key) == filled
    assert [line["query"] for line in key] != sorted(line["query"] for line in key)


def test_recipes_are_compared_at_the_same_place_of_their_five(mined: Drawn) -> None:
    asked, _ = mined
    five = [[6 * query + place for place in range(5)] for query in range(len(asked.queries))]
    _, key = sheet(asked, {"one": five, "other": five, "short": [rows[:1] for rows in five]}, seed=3)
    for line in key:
        assert ("one" in line["recipes"]) == ("other" in line["recipes"])
    assert {line["row"] % 6 for line in key if "one" in line["recipes"]} > {0}


def lines(*verdicts: str) -> tuple[list[Any], list[Any], list[Any]]:
    shown = [{"id": f"s-{i}"} for i in range(len(verdicts))]
    given = [{"id": f"s-{i}", "verdict": verdict} for i, verdict in enumerate(verdicts)]
    key = [
        {
            "id": f"s-{i}",
            "query": i // 2,
            "to query": 0.5,
            "to relevant": 0.25,
            "recipes": [NAIVE] if i else [NAIVE, THEIRS],
        }
        for i in range(len(verdicts))
    ]
    return shown, given, key


def test_verdicts_are_counted_for_each_recipe_that_chose_the_passage() -> None:
    found = score(*lines("wrong", "hardest", "hardest", "easy"), RECIPES)
    assert found["queries"] == 2
    naive, theirs = found["recipes"][NAIVE], found["recipes"][THEIRS]
    assert (naive["negatives"], naive["wrong"][0], naive["hardest"][0], naive["right"][0]) == (4, 1, 2, 0)
    assert (theirs["negatives"], theirs["wrong"][0]) == (1, 1)
    low, high = naive["hardest"][1:]
    assert (low, high) == pytest.approx((0.15, 0.85), abs=0.001)
    table = by_eye({"verdicts": VERDICTS, "sets": {"made": found}})
    assert "| made, nearest | 4 | 0.500 | 0.250 | 25.0 % (4.6–69.9) |" in table


def test_recipes_are_set_against_the_default_query_by_query() -> None:
    one, two = (
        [{"id": "a", "query": 0}, {"id": "b", "query": 1}],
        [{"id": "c", "query": 1}, {"id": "d", "query": 2}],
    )
    given = {"a": "easy", "b": "wrong", "c": "right", "d": "easy"}
    found = paired(one, two, given)
    assert (found["wrong"], found["right"], found["easy"]) == ([1, 0], [0, 1], [0, 0])
    assert paired(one, one, given)["wrong"] == [0, 0]


def test_what_is_not_read_or_not_a_verdict_is_refused() -> None:
    shown, given, key = lines("wrong", "easy")
    with pytest.raises(SystemExit, match=r"1 lines of the sheet have no verdict; s-1"):
        score(shown, given[:1], key, RECIPES)
    with pytest.raises(SystemExit, match=r"s-0: 'fine'; expected one of wrong"):
        score(shown, [{"id": "s-0", "verdict": "fine"}, *given[1:]], key, RECIPES)
