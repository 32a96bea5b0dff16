"""Texts of any kind are folded, told apart and compared: none ends a build or a run in an error."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from miner.text.copies import Copies, Weighed, judge_copy
from miner.text.fold import fold
from miner.text.frequencies import Frequencies, FrequencyCounter
from miner.text.match import Match, MatchRequest, match
from miner.text.near_copies import NearCopies
from miner.text.tokens import TokenLine, key

NUMBERS = (
    "7",
    "12",
    "120",
    "3.5",
    "1/2",
    "½",
    "①",
    "١٢",
    "°",
    "%",
    "$",
    "€",
    "±",
    "<=",
    "==",
    "!",
    "-",
    "--",
)
SPACES = (
    "'",
    '"',
    " ",
    "  ",
    "\n",
    ".",
    ",",
    ":",
    "/",
    "(",
    ")",
    "[0]",
    "`",
    "#",
    "\u200b",
    "\u0301",
    "\x00",
    "\ud800",
)
WORDS = (
    "m",
    "kWh",
    "mg",
    "A-",
    "x-1",
    "C++",
    "C#",
    "not",
    "IT",
    "it",
    "vitamin",
    "&nbsp;",
    "<b>",
    "http://a.b/c",
)
SCRIPTS = ("काल", "कील", "א", "ß", "ﬁ", "不", "🙂")
PIECES = st.sampled_from((*NUMBERS, *SPACES, *WORDS, *SCRIPTS))
TEXTS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=20)


@settings(max_examples=300)
@given(TEXTS)
def test_a_text_is_the_same_with_space_around_it(text: str) -> None:
    assert fold(f"  {text}\n") == fold(text)
    assert key(f"  {text}\n") == key(text)


@settings(max_examples=60)
@given(TEXTS, TEXTS)
def test_any_two_texts_are_compared_and_a_text_is_a_copy_of_itself(one: str, other: str) -> None:
    counter = FrequencyCounter()
    counter.add(one)
    for frequencies in (Frequencies.none(), counter.result()):
        near = NearCopies(Copies(), frequencies)
        itself, another = match(MatchRequest("a query", [one, other], [one]), near)
        assert itself != Match.NONE or not fold(one)
        assert another != Match.NONE or not fold(one) or fold(other) != fold(one)
        a, b = (Weighed(TokenLine(text), frequencies) for text in (one, other))
        assert judge_copy(a, a, Copies()).copy or not len(a.tokens)
        assert isinstance(judge_copy(a, b, Copies()).copy, bool)


def test_a_text_may_begin_with_a_number_and_end_with_a_quote() -> None:
    assert fold("6' to 8'") != fold("6' to 9'")
