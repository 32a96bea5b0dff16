"""One of a thing is one, and more are several."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import miner
from miner.progress.counts import count_of, plural, singular
from miner.progress.live import Watch

SOURCES = [path for path in Path(miner.__file__).parent.rglob("*.py") if "samples" not in path.parts]


@pytest.mark.parametrize(
    ("count", "words", "told"),
    [
        (0, ("row",), "0 rows"),
        (1, ("row",), "1 row"),
        (2000, ("query",), "2,000 queries"),
        (1, ("query",), "1 query"),
        (2, ("day",), "2 days"),
        (1, ("row has", "rows have"), "1 row has"),
        (3, ("row has", "rows have"), "3 rows have"),
    ],
)
def test_counts_are_told_in_words(count: int, words: tuple[str, ...], told: str) -> None:
    assert count_of(count, *words) == told


@pytest.mark.parametrize("noun", ["row", "query", "passage", "file"])
def test_a_unit_of_a_stage_has_a_singular(noun: str) -> None:
    assert singular(plural(noun)) == noun
    assert str(Watch("read", 1, plural(noun))).startswith(f"read: 1 {noun} …")


def test_no_other_module_makes_plurals_of_its_own() -> None:
    own = [path.name for path in SOURCES if re.search(r"'' if \w+ == 1 else '(e?s|ies)'", path.read_text())]
    assert own == []
