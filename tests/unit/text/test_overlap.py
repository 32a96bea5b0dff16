"""What texts have in common, against sets of shingles counted one by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from miner.index import build_index
from miner.text.fold import SHINGLE, fold
from miner.text.overlap import overlap
from tests.support.risks import pool_of

QUERY = "How do I cancel a class that repeats?"
RELEVANT = (
    "Open the class and press Cancel; repeating classes ask which ones.",
    "Cancelled classes stay visible.",
)
CANDIDATES = (
    "Press Cancel and choose which ones of the repeating classes.",
    "Weather in Oslo",
    "",
    "日本語の文章です",
)


def grams(text: str) -> set[bytes]:
    key = fold(text)
    return {key[i : i + SHINGLE] for i in range(len(key) - SHINGLE + 1)}


def test_shares_and_cosines_are_those_of_the_sets() -> None:
    found, asked = overlap(QUERY, CANDIDATES, RELEVANT), grams(QUERY)
    for k, candidate in enumerate(map(grams, CANDIDATES)):
        assert found.covered[k] == pytest.approx(len(candidate & asked) / len(asked), abs=0.05)
        for r, relevant in enumerate(map(grams, RELEVANT)):
            left, right = candidate - asked, relevant - asked
            cosine = len(left & right) / max(1, len(left) * len(right)) ** 0.5
            assert found.shared[r, k] == pytest.approx(cosine, abs=0.02)
    assert found.covered[0] > 0.2 > found.covered[1]
    assert found.shared[0, 0] > 0.4


def test_texts_without_shingles_have_nothing_in_common() -> None:
    empty = overlap("", ["", "words that count"], ["", "words that count"])
    assert empty.covered.tolist() == [0, 0]
    assert empty.shared.tolist() == [[0, 0], [0, pytest.approx(1)]]
    assert overlap("a query", [], []).shared.shape == (0, 0)


def test_a_text_equal_to_the_query_covers_it_and_shares_nothing_beyond_it() -> None:
    found = overlap(QUERY, [QUERY.upper()], [*RELEVANT])
    assert found.covered.tolist() == [1]
    assert not found.shared.any()


def test_pools_hold_what_texts_with_their_titles_have_in_common(
    tmp_path: Path, passages: list[Passage], queries: list[Query], encoder: HashingEncoder
) -> None:
    titled = [replace(each, title=f"Title {i % 7} of many") for i, each in enumerate(passages)]
    index = build_index(titled, tmp_path / "titled", encoder)
    chosen = [query for query in queries if not query.relevant_passages][:3]
    pool = pool_of(chosen, index, encoder)
    for i, query in enumerate(chosen):
        mine = slice(int(pool.offsets[i]), int(pool.offsets[i + 1]))
        relevant = [each.encoded for each in index.passages(pool.relevant_rows[mine])]
        found = overlap(query.text, [each.encoded for each in index.passages(pool.rows[i])], relevant)
        np.testing.assert_array_equal(pool.covered[i], found.covered)
        np.testing.assert_array_equal(pool.shared[mine], found.shared)
