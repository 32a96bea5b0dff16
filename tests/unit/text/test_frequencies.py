"""Statistics of a corpus: exact, of any order, and the same when read back."""

from __future__ import annotations

import numpy as np
import pytest

from miner.data import Float64
from miner.text import frequencies
from miner.text.frequencies import Frequencies, FrequencyCounter, gram_hashes
from miner.text.tokens import TokenLine

TEXTS = [f"the section below names places where help for {disease} is found" for disease in "abcdefgh"]


def counted(texts: list[str]) -> Frequencies:
    counter = FrequencyCounter()
    for text in texts:
        counter.add(text)
    return counter.result()


def weights(found: Frequencies, text: str) -> Float64:
    line = TokenLine(text).line
    return found.weights(gram_hashes(line), len(line))


def test_words_are_counted_once_a_passage() -> None:
    found = counted(["sea sea harbour", "sea", "quay"])
    assert found.of_words(["sea", "harbour", "never"]) == [2, 0, 0]


def test_a_template_weighs_less_than_what_stands_in_it() -> None:
    found = weights(counted(TEXTS), TEXTS[0])
    assert found[0] == 5 / 8
    assert found[7] == 1.0


def test_order_and_batches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    one = counted(TEXTS).array()
    monkeypatch.setattr(frequencies, "BATCH", 3)
    assert np.array_equal(one, counted(TEXTS[::-1]).array())


def test_they_are_read_as_they_were_written() -> None:
    found = counted(TEXTS)
    again = Frequencies.read(found.array())
    assert again.passages == len(TEXTS)
    assert again.of_words(["section"]) == [8]
    assert np.array_equal(weights(again, TEXTS[1]), weights(found, TEXTS[1]))


def test_of_no_corpus_everything_is_rare() -> None:
    assert weights(Frequencies.none(), TEXTS[0]).tolist() == [1.0] * 11
