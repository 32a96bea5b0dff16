from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miner.data import Row
from miner.encoders import HashingEncoder
from miner.formats.fit import fit_row, fit_rows

ENCODER = HashingEncoder()
QUERY = "how do I cancel my plan"
FILLER = [f"Filler sentence number {n} talks of other things entirely." for n in range(40)]
ANSWER = "To cancel my plan I do this: how simple."


def tokens(text: str) -> int:
    return ENCODER.count_tokens([text])[0]


def with_answer(place: int) -> str:
    return " ".join([*FILLER[:place], ANSWER, *FILLER[place:]])


@pytest.mark.parametrize("place", [0, 1, 20, 39, 40])
def test_the_snippet_keeps_the_sentence_that_answers(place: int) -> None:
    row = fit_row(Row(QUERY, (with_answer(place),), ("Short one.",)), ENCODER, limit=60)
    snippet = row.relevant_passages[0]
    assert ANSWER in snippet
    assert snippet in with_answer(place)
    assert 54 - 9 < tokens(snippet) <= 54
    assert snippet.endswith(".")
    assert snippet[0].isupper()
    assert row.hard_negatives == ("Short one.",)


def test_negatives_are_cut_to_what_is_most_alike_to_the_query() -> None:
    row = fit_row(Row(QUERY, ("Yes.",), (with_answer(30),)), ENCODER, limit=40)
    assert ANSWER in row.hard_negatives[0]
    assert tokens(row.hard_negatives[0]) <= 34


def test_what_fits_stays_as_it_is() -> None:
    row = Row(QUERY, (" ".join(FILLER[:3]) + "  ",), (ANSWER,))
    assert fit_row(row, ENCODER) is row
    exact = Row(QUERY, ("w " * 504,))
    assert fit_row(exact, ENCODER, limit=510) is exact
    assert fit_row(exact, ENCODER, limit=509) != exact


def test_a_query_without_room_leaves_its_row_alone() -> None:
    row = Row("q " * 20, ("w " * 100,))
    assert fit_row(row, ENCODER, limit=20) is row


def test_no_snippet_equals_another_text_of_its_row() -> None:
    first, second = (" ".join([*FILLER[start : start + 10], ANSWER]) for start in (0, 10))
    room = tokens(ANSWER)
    row = fit_row(Row(QUERY, (first, second), (with_answer(5), ANSWER)), ENCODER, limit=room + 6)
    texts = [*row.relevant_passages, *row.hard_negatives]
    assert len(set(texts)) == 4
    assert row.hard_negatives[1] == ANSWER
    assert all(tokens(text) <= room for text in texts)


def test_a_sentence_that_alone_is_too_long_is_parted_at_spaces() -> None:
    text = "word " * 500 + "cancel my plan " + "word " * 500
    snippet = fit_row(Row(QUERY, (text,)), ENCODER, limit=36).relevant_passages[0]
    assert "plan" in snippet
    assert set(snippet.split()) <= {"word", "cancel", "my", "plan"}
    assert tokens(snippet) <= 30


class Letters(HashingEncoder):
    """A token a letter, as for text without spaces."""

    def count_tokens(self, texts: object) -> list[int]:
        return [len(text) for text in texts]  # type: ignore[attr-defined]


def test_sentences_end_without_spaces_too() -> None:
    text = "猫は魚を食べる。" * 10 + "解約はここで。" + "犬は骨を食べる。" * 10
    snippet = fit_row(Row("解約", (text,)), Letters(), limit=30).relevant_passages[0]
    assert "解約はここで。" in snippet
    assert len(snippet) <= 28
    assert snippet.endswith("。")


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.text(alphabet="ab .!?\n。é", min_size=1, max_size=120), min_size=1, max_size=5, unique=True),
    st.integers(1, 40),
)
def test_every_snippet_fits_and_stands_in_its_passage(texts: list[str], limit: int) -> None:
    row = Row("ab", tuple(texts[:1]), tuple(texts[1:]))
    (fitted,) = fit_rows([row], Letters(), limit)
    before, after = (row.relevant_passages + row.hard_negatives for row in (row, fitted))
    assert len(after) == len(before)
    for old, new in zip(before, after, strict=True):
        assert new in old
        assert new == old or 0 < len(new) <= limit - 2
        assert new == old or len(old) > limit - 2
    assert fit_row(row, Letters(), limit) == fitted
