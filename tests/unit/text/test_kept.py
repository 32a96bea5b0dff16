"""What is kept of texts is kept by how long they are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from miner.text.kept import LEAST, kept


def counting(room: int) -> tuple[Callable[[str], str], list[str]]:
    asked: list[str] = []

    @kept(room)
    def upper(text: str) -> str:
        asked.append(text)
        return text.upper()

    return upper, asked


def test_what_was_found_is_found_once() -> None:
    upper, asked = counting(2 * (LEAST + 1))
    assert [upper(text) for text in "abab"] == ["A", "B", "A", "B"]
    assert asked == ["a", "b"]


def test_the_text_that_was_used_longest_ago_goes_first() -> None:
    upper, asked = counting(2 * (LEAST + 1))
    for text in "abacab":
        upper(text)
    assert asked == ["a", "b", "c", "b"]


@pytest.mark.parametrize("length", [1, 10 * LEAST])
def test_so_many_texts_are_kept_as_their_lengths_allow(length: int) -> None:
    upper, asked = counting(50 * LEAST)
    texts = [chr(65 + i) * length for i in range(60)]
    for text in texts:
        upper(text)
    asked.clear()
    for text in reversed(texts):
        upper(text)
    assert 60 - len(asked) == 50 * LEAST // (LEAST + length)


def test_a_text_longer_than_the_room_is_not_kept() -> None:
    upper, asked = counting(LEAST)
    assert upper("long" * LEAST) == upper("long" * LEAST) == "LONG" * LEAST
    assert len(asked) == 2


def test_threads_may_ask_at_once() -> None:
    upper, _ = counting(10 * (LEAST + 4))
    texts = [f"t{i % 30:03}" for i in range(3_000)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(upper, texts)) == [text.upper() for text in texts]
