"""Statistics of a corpus: exact, of any order, and the same when read back."""

from __future__ import annotations

import numpy as np
import pytest

from miner.text import frequencies
from miner.text.frequencies import Counter, Frequencies
from miner.text.tokens import Tokens

TEXTS = [f"the section below names places where help for {disease} is found" for disease in "abcdefgh"]


def counted(texts: list[str]) -> Frequencies:
    counter = Counter()
    for text in texts:
        counter.add(text)
    return counter.result()


def test_words_are_counted_once_a_passage() -> None:
    found = counted(["sea sea harbour", "sea", "quay"])
    assert found.of_words(["sea", "harbour", "never"]) == [2, 0, 0]


def test_a_template_weighs_less_than_what_stands_in_it() -> None:
    weights = counted(TEXTS).weights(Tokens(TEXTS[0]))
    assert weights[0] == 5 / 8
    assert weights[7] == 1.0


def test_order_and_batches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    one = counted(TEXTS).array()
    monkeypatch.setattr(frequencies, "BATCH", 3)
    assert np.array_equal(one, counted(TEXTS[::-1]).array())


def test_they_are_read_as_they_were_written() -> None:
    found = counted(TEXTS)
    again = Frequencies.read(found.array())
    assert again.passages == len(TEXTS)
    assert again.of_words(["section"]) == [8]
    assert np.array_equal(again.weights(Tokens(TEXTS[1])), found.weights(Tokens(TEXTS[1])))


def test_of_no_corpus_everything_is_rare() -> None:
    assert Frequencies.none().weights(Tokens(TEXTS[0])).tolist() == [1.0] * 11
