"""TokenLine keep what carries meaning and drop what does not."""

from __future__ import annotations

import pytest

from miner.text.present import present
from miner.text.tokens import TokenLine, key


def words(text: str) -> list[str]:
    read = TokenLine(text)
    return read.words(0, len(read))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("x >= 3", "x <= 3"),
        ("C++", "C#"),
        ("C", "C++"),
        ("1.5 percent", "15 percent"),
        ("−5 degrees", "5 degrees"),
        ("काल", "कील"),
        ("3 mW", "3 MW"),
        ("tell us", "tell US"),
        ("not able", "notable"),
        ("1 5", "15"),
        ("10²", "102"),
        ("Rh+", "Rh-"),
        ("!ready", "ready"),
        ("items[0]", "items[1]"),
        ("version 3.1", "version 3.10"),
        ("List<String>", "List<Integer>"),
    ],
)
def test_what_means_another_thing_has_another_key(a: str, b: str) -> None:
    assert key(a) != key(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("1,000", "1 000"),
        ("1,000", "1000"),
        ("€12", "12 euro"),
        ("$ 12", "12 dollars"),
        ("5 March 2020", "March 5th, 2020"),
        ("2020-03-05", "5.3.2020"),
        ("don't", "do not"),
        ("35mg", "35 mg"),
        ("12.00", "12"),
        ("a&nbsp;b&amp;amp;c", "a b & c"),
        ("<b>bo</b>ld <br/> text", "bold text"),
        ("pаypal", "paypal"),
        ("ｆｕｌｌ", "full"),
        ("so\u00adft\u200b", "soft"),
        ("inter-\nnational", "international"),
        ("[link](https://x.org/a_(b)) here", "link here"),
        ("disease.[3] Next", "disease. Next"),
        ("5–10", "5 to 10"),
        ("15 per cent", "15%"),
        ("x²", "x2"),
        ("", " . "),
    ],
)
def test_what_differs_in_presentation_has_the_same_key(a: str, b: str) -> None:
    assert key(a) == key(b)


@pytest.mark.parametrize("text", ["не", "он сказал не то", "β-carotene", "μg", "сосуд"])
def test_words_of_another_alphabet_stay(text: str) -> None:
    assert present(text) == text


def test_characters_of_scripts_without_spaces_are_tokens() -> None:
    assert words("東京は1.5%です") == ["東", "京", "は", "1.5", "%", "で", "す"]


def test_ends_of_sentences_and_clauses_are_known() -> None:
    read = TokenLine("One, two. Three\nfour")
    assert read.sentences == {0, 2, 3, 4}
    assert read.clauses == {0, 1, 2, 3, 4}


def test_capitals_are_told_for_each_token() -> None:
    read = TokenLine("The Rhine isn't 5mg")
    assert [read.capital(place) for place in range(6)] == [True, True, False, False, False, False]
