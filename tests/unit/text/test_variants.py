"""Words that cannot be forms of each other are told apart at a glance, and none that can is."""

from __future__ import annotations

from itertools import combinations

import pytest

from miner.text.lexicon import KINDS
from miner.text.variants import Form, _form, form, reach

WORDS = (
    *list(KINDS)[::4],
    *[
        "in",
        "within",
        "use",
        "using",
        "big",
        "large",
        "1",
        "one",
        "2",
        "5E3",
        "5e3",
        "-3",
        "+",
        "=",
        "[a]",
        "[A]",
        "C++",
        "US",
        "naïve",
        "naive",
    ],
)


def test_no_form_of_a_word_is_missed_at_a_glance() -> None:
    wrong = [pair for pair in combinations(WORDS, 2) if form(*pair) is not _form(*pair)]
    assert not wrong


@pytest.mark.parametrize(
    ("a", "b", "apart"),
    [
        ("river", "stone", True),
        ("river", "rivers", False),
        ("7", "river", True),
        ("one", "1", False),
        ("if", "when", False),
    ],
)
def test_most_words_are_told_apart_by_their_first_letters(a: str, b: str, apart: bool) -> None:
    assert (reach(a) & reach(b) == 0) is apart
    assert not apart or form(a, b) is Form.OTHER
