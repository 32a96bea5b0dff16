from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miner.text.fold import fold, folded
from miner.text.match import Match, MatchRequest, compare, match
from tests.support import oracle

PASSAGE = (
    "To cancel your plan, open Settings and choose Billing. Your studio stays online until the end of the month "
    "that you have paid for, and your clients keep their bookings. You can come back within ninety days."
)


def code(candidate: str, relevant: str = PASSAGE, query: str = "a query") -> Match:
    return Match(match(MatchRequest(query, [candidate], [relevant]))[0])


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        (PASSAGE, Match.SAME_TEXT),
        (PASSAGE.upper(), Match.SAME_FOLDED),
        (PASSAGE.replace(" ", "  \n"), Match.SAME_FOLDED),
        (PASSAGE.replace(",", " -").replace(".", "!"), Match.SAME_FOLDED),
        ("Ｔｏ" + PASSAGE[2:], Match.SAME_FOLDED),
        (PASSAGE[:90], Match.CONTAINS),
        (PASSAGE[60:], Match.CONTAINS),
        (f"Help centre. {PASSAGE} Read more.", Match.CONTAINS),
        (PASSAGE.replace("ninety", "sixty"), Match.NEAR_COPY),
        (PASSAGE.replace("To cancel your plan", "If you wish to cancel the plan"), Match.NEAR_COPY),
        (PASSAGE[:150].replace("Settings", "Preferences"), Match.NEAR_COPY),
    ],
)
def test_copies_of_a_relevant_passage_are_known_by_what_was_changed(copy: str, expected: Match) -> None:
    assert code(copy) is expected


@pytest.mark.parametrize(
    "other",
    [
        "To pause your plan, open Settings and choose Billing. Nothing is charged while it rests.",
        "Refunds take five days.",
        "Your clients keep their bookings when a teacher leaves the studio, and they hear of it by e-mail.",
    ],
)
def test_a_passage_that_only_resembles_is_not_a_copy(other: str) -> None:
    assert code(other) is Match.NONE


def test_a_short_passage_counts_as_contained_only_as_whole_words() -> None:
    assert code("card", "Your card was declined.") is Match.CONTAINS
    assert code("car", "Your card was declined.") is Match.NONE


@pytest.mark.parametrize(
    ("relevant", "copy"),
    [
        ("プランを解約するには、設定を開いて請求を選び、解約ボタンを押してください。月末まで利用できます。",
         "プランを解約するには、設定を開き請求を選び、解約ボタンを押してください。月末まで利用できます。"),
        ("ยกเลิกแผนของคุณได้ที่หน้าการตั้งค่าแล้วเลือกการเรียกเก็บเงินก่อนสิ้นเดือน", "ยกเลิกแผนของคุณได้ที่หน้าการตั้งค่าแล้วเลือกการเรียกเก็บเงินก่อนสิ้นปี"),  # noqa: E501
    ],
)  # fmt: skip
def test_near_copies_are_found_in_scripts_without_spaces(relevant: str, copy: str) -> None:
    assert code(copy, relevant) is Match.NEAR_COPY


def test_the_query_itself_blanks_and_repeats_are_never_negatives() -> None:
    candidates = ["A query?", " \n", "Something else", "something ELSE", "taken already"]
    codes = match(MatchRequest("a query", candidates, [PASSAGE], taken=["Taken, already."]))
    assert codes.tolist() == [Match.QUERY, Match.BLANK, Match.NONE, Match.DUPLICATE, Match.DUPLICATE]


def test_punctuation_alone_does_not_match_other_punctuation() -> None:
    assert code("+++", "---") is Match.NONE
    assert code("+ + +", "+++") is Match.SAME_FOLDED


@given(st.text(), st.text())
def test_comparison_agrees_with_the_oracle(a: str, b: str) -> None:
    expected = a == b or oracle.same(a, b)
    assert (compare(folded(a), folded(b)) is not Match.NONE) == expected


@given(st.lists(st.text("ab c", max_size=40), max_size=8), st.lists(st.text("ab c", max_size=40), max_size=3))
def test_matching_many_at_once_equals_matching_each(candidates: list[str], relevant: list[str]) -> None:
    codes = match(MatchRequest("zzz", candidates, relevant))
    for candidate, found in zip(candidates, codes, strict=True):
        alone = any(compare(folded(candidate), folded(other)) is not Match.NONE for other in relevant)
        assert (found in (Match.SAME_TEXT, Match.SAME_FOLDED, Match.CONTAINS, Match.NEAR_COPY)) == alone


@given(st.integers(0, 2**32), st.integers(20, 400), st.floats(0, 0.2))
def test_matching_misses_no_near_copy(seed: int, words: int, changed: float) -> None:
    draw = np.random.default_rng(seed)
    text = draw.integers(0, 500, words)
    copies = [np.where(draw.random(words) < changed, draw.integers(0, 500, words), text) for _ in range(4)]
    parts = [text[: int(words * share)] for share in (0.2, 0.9)]
    candidates = [" ".join(f"word{number}" for number in each) for each in (*copies, *parts)]
    relevant = " ".join(f"word{number}" for number in text)
    expected = [int(compare(folded(each), folded(relevant))) for each in candidates]
    found = match(MatchRequest("zzz", candidates, [relevant]))
    assert np.where(found == Match.DUPLICATE, expected, found).tolist() == expected


@given(st.text())
def test_folding_is_stable(text: str) -> None:
    assert fold(fold(text).decode("utf-8", "surrogatepass")) == fold(text)
