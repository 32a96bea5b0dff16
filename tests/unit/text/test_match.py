from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miner.text.copies import Copies
from miner.text.fold import fold, folded
from miner.text.frequencies import Frequencies
from miner.text.match import Match, MatchRequest, match
from miner.text.near_copies import NearCopies
from tests.support import oracle

PASSAGE = (
    "To cancel your plan, open Settings and choose Billing. Your studio stays online until the end of the month "
    "that you have paid for, and your clients keep their bookings. You can come back within ninety days."
)
NEAR = NearCopies(Copies(), Frequencies.none())


def code(candidate: str, relevant: str = PASSAGE, query: str = "a query") -> Match:
    return Match(match(MatchRequest(query, [candidate], [relevant]), NEAR)[0])


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        (PASSAGE, Match.SAME_TEXT),
        (PASSAGE.upper(), Match.SAME_PRESENTED),
        (PASSAGE.replace(" ", "  \n"), Match.SAME_PRESENTED),
        (PASSAGE.replace(",", " -").replace(".", "!"), Match.SAME_PRESENTED),
        (PASSAGE.replace(" ", "&nbsp;"), Match.SAME_PRESENTED),
        ("Ｔｏ" + PASSAGE[2:], Match.SAME_PRESENTED),
        (PASSAGE[:90], Match.NEAR_COPY),
        (PASSAGE[60:], Match.NEAR_COPY),
        (f"Help centre. {PASSAGE} Read more.", Match.NEAR_COPY),
        (PASSAGE.replace("bookings", "bookigns"), Match.NEAR_COPY),
        (PASSAGE.replace("ninety", "sixty"), Match.NONE),
        (PASSAGE.replace("cancel", "extend"), Match.NONE),
        (PASSAGE.replace("You can", "You cannot"), Match.NONE),
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


def test_a_short_passage_counts_only_as_a_whole() -> None:
    assert code("Your card was declined.", "card") is Match.NONE
    assert code("Card!", "card") is Match.SAME_PRESENTED


@pytest.mark.parametrize(
    ("relevant", "copy"),
    [
        ("プランを解約するには、設定を開いて請求を選び、解約ボタンを押してください。月末まで利用できます。",
         "お知らせ。プランを解約するには、設定を開いて請求を選び、解約ボタンを押してください。月末まで利用できます。"),
        ("ยกเลิกแผนของคุณได้ที่หน้าการตั้งค่าแล้วเลือกการเรียกเก็บเงินก่อนสิ้นเดือน", "ยกเลิกแผนของคุณได้ที่หน้าการตั้งค่าแล้วเลือกการเรียกเก็บเงิน"),
    ],
)  # fmt: skip
def test_near_copies_are_found_in_scripts_without_spaces(relevant: str, copy: str) -> None:
    assert code(copy, relevant) is Match.NEAR_COPY


def test_the_query_itself_blanks_and_repeats_are_never_negatives() -> None:
    candidates = ["A query?", " \n", "Something else", "something ELSE", "taken already"]
    codes = match(MatchRequest("a query", candidates, [PASSAGE], taken=["Taken, already."]), NEAR)
    assert codes.tolist() == [Match.QUERY, Match.BLANK, Match.NONE, Match.DUPLICATE, Match.DUPLICATE]


def test_what_differs_in_a_sign_is_no_duplicate() -> None:
    codes = match(
        MatchRequest("a query", ["It fell to 5.", "It fell to −5.", "It fell to -5"], [PASSAGE]), NEAR
    )
    assert codes.tolist() == [Match.NONE, Match.NONE, Match.DUPLICATE]


def test_punctuation_alone_does_not_match_other_punctuation() -> None:
    assert code(";;;", "---") is Match.NONE
    assert code("- - -", "---") is Match.SAME_PRESENTED


@given(st.text(), st.text())
def test_comparison_agrees_with_the_oracle(a: str, b: str) -> None:
    expected = a == b or oracle.same(a, b)
    assert (match(MatchRequest("zzz", [a], [b]), NEAR)[0] not in (Match.NONE, Match.BLANK)) == expected


@given(st.lists(st.text("ab c", max_size=40), max_size=8), st.lists(st.text("ab c", max_size=40), max_size=3))
def test_matching_many_at_once_equals_matching_each(candidates: list[str], relevant: list[str]) -> None:
    codes = match(MatchRequest("zzz", candidates, relevant), NEAR)
    for candidate, found in zip(candidates, codes, strict=True):
        alone = [code(candidate, other, "zzz") for other in relevant]
        copies = (Match.SAME_TEXT, Match.SAME_PRESENTED, Match.NEAR_COPY)
        assert (found in copies) == any(each in copies for each in alone)


@given(st.integers(0, 2**32), st.integers(20, 400), st.floats(0, 0.2))
def test_the_sketches_miss_no_near_copy(seed: int, words: int, dropped: float) -> None:
    draw = np.random.default_rng(seed)
    text = [f"word{number}" for number in draw.integers(0, 500, words)]
    copies = [[word for word in text if draw.random() >= dropped] for _ in range(4)]
    parts = [text[: int(words * share)] for share in (0.5, 0.9)]
    relevant = " ".join(text)
    for each in (*copies, *parts):
        if NEAR.judge(" ".join(each), relevant).copy and each != text:
            assert code(" ".join(each), relevant) is Match.NEAR_COPY


@given(st.text(max_size=60), st.text(max_size=60))
def test_equal_keys_have_equal_letters(a: str, b: str) -> None:
    for x, y in ((a, b), (a, a.upper()), (a, f" {a} ")):
        if fold(x) == fold(y):
            assert folded(x).letters == folded(y).letters
