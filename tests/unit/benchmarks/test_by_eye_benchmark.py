"""Mined negatives to be read by eye: what is drawn, what the reader sees, what verdicts come to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.lib.verdicts import VERDICTS, in_order, paired, score
from benchmarks.quality.by_eye import (
    DEFAULT,
    NAIVE,
    RECIPES,
    THEIRS,
    Asked,
    Rows,
    drawn,
    main,
    recipe,
    sheet,
)
from benchmarks.tables.detection_tables import by_eye
from miner.errors import ConfigError
from miner.filters import DropRiskiest
from miner.mining.recipe import Recipe
from miner.selectors import RiskPenalty, Top
from miner.storage.files import write_jsonl
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
    assert tuple(rows) == RECIPES
    for name, found in rows.items():
        assert len(found) == len(asked.queries), name
        assert any(found), name
        for query, own in zip(asked.queries, found, strict=True):
            assert not set(own) & set(asked.judged.relevant[query]), name
    assert rows[NAIVE] != rows[DEFAULT]


def test_recipes_are_spelt_as_on_the_command_line_and_only_those_asked_for_mine(mined: Drawn) -> None:
    assert recipe(DEFAULT) == Recipe()
    assert recipe("riskiest(share=0.1), top()") == Recipe(filters=(DropRiskiest(share=0.1),), select=Top())
    assert recipe("priced(price=0.02)") == Recipe(select=RiskPenalty(price=0.02))
    asked, rows = mined
    found = asked.mined(["priced(price=0.0, relevant=0.0)", THEIRS])
    assert [*found] == ["priced(price=0.0, relevant=0.0)", THEIRS]
    assert found == {"priced(price=0.0, relevant=0.0)": rows["top()"], THEIRS: rows[THEIRS]}
    with pytest.raises(ConfigError, match="unknown selector 'prized'; did you mean priced"):
        asked.mined(["prized()"])


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
    found = score(*lines("wrong", "hardest", "hardest", "easy"), RECIPES, DEFAULT)
    assert found["queries"] == 2
    naive, theirs = found["recipes"][NAIVE], found["recipes"][THEIRS]
    assert (naive["negatives"], naive["wrong"][0], naive["hardest"][0], naive["right"][0]) == (4, 1, 2, 0)
    assert (theirs["negatives"], theirs["wrong"][0]) == (1, 1)
    low, high = naive["hardest"][1:]
    assert (low, high) == pytest.approx((0.15, 0.85), abs=0.001)
    assert found["against the default"] == {}
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


def test_a_reading_under_its_own_name_leaves_the_others_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, given, key = lines("wrong", "easy")
    key = [{**line, "set": "made", "recipes": ["priced(price=0.5)", DEFAULT]} for line in key]
    assert in_order(key, RECIPES) == [DEFAULT, "priced(price=0.5)"]
    paths = [str(tmp_path / name) for name in ("sheet", "verdicts", "key")]
    for path, rows in zip(paths, (shown, given, key), strict=True):
        write_jsonl(Path(path), rows)
    for more in (["--reader", "one"], ["--reader", "another", "--name", "made, again"]):
        monkeypatch.setattr("sys.argv", ["by_eye", "score", *paths, *more, "-o", str(tmp_path / "found")])
        main()
    sets = json.loads((tmp_path / "found").read_text())["sets"]
    assert {name: found["reader"] for name, found in sets.items()} == {
        "made": "one",
        "made, again": "another",
    }
    assert [*sets["made"]["against the default"]] == ["priced(price=0.5)"]


def test_what_is_not_read_or_not_a_verdict_is_refused() -> None:
    shown, given, key = lines("wrong", "easy")
    with pytest.raises(SystemExit, match=r"1 lines of the sheet have no verdict; s-1"):
        score(shown, given[:1], key, RECIPES, DEFAULT)
    with pytest.raises(SystemExit, match=r"s-0: 'fine'; expected one of wrong"):
        score(shown, [{"id": "s-0", "verdict": "fine"}, *given[1:]], key, RECIPES, DEFAULT)
