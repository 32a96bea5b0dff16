"""Windows over one document are known by their texts alone, wherever they were cut."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miner.text.copies import Copies
from miner.text.fold import fold_all
from miner.text.frequencies import Frequencies, FrequencyCounter
from miner.text.match import Match, MatchRequest, match
from miner.text.near_copies import NearCopies
from miner.text.windows import joined, may_go_on, needles_of
from tests.support.passages import SCRIPTS, sentences

ALONE = NearCopies(Copies(), Frequencies.none())


def words(seed: int, count: int) -> list[str]:
    draw = np.random.default_rng(seed)
    return ["".join(draw.choice(list("aeioulmnrst"), 6)) for _ in range(count)]


def is_copy(candidate: str, relevant: str, near: NearCopies = ALONE) -> bool:
    (code,) = match(MatchRequest("a query", [candidate], [relevant]), near)
    return bool(code == Match.NEAR_COPY)


def counted(texts: Iterable[str]) -> NearCopies:
    counter = FrequencyCounter()
    for text in texts:
        counter.add(text)
    return NearCopies(Copies(), counter.result())


@pytest.mark.parametrize("shared", [0.25, 0.4, 0.5, 0.8])
@pytest.mark.parametrize("length", [60, 200])
def test_windows_are_caught_however_much_they_share(shared: float, length: int) -> None:
    for seed in range(8):
        text, step = words(seed, 2 * length), int((1 - shared) * length)
        first, second = " ".join(text[:length]), " ".join(text[step : step + length])
        assert is_copy(first, second)
        assert is_copy(second, first)


@pytest.mark.parametrize("script", SCRIPTS)
def test_windows_cut_within_words_are_caught_in_every_script(script: str) -> None:
    text = " ".join(sentences(script, "long"))
    size = len(text) // 2
    for start in range(20, size, 7):
        first, second = text[: size + 60], text[start : start + size + 60]
        if start + 140 < size:
            assert is_copy(first, second), start


PIECES = (
    "on the 3 March 2020 at noon",
    "[the manual of the old pump](https://example.org/pump/manual.html) says",
    "- one thing - another thing",
    "between 1 000 and 12 000 litres",
    "3. the third step",
    "*all of this* and **more of that**",
    "caf&eacute; &amp; bar",
    "see [1, 2] and `code`",
    "$ 12.50 or 4 per cent",
)


@pytest.mark.parametrize("piece", PIECES)
def test_what_is_cut_in_two_does_not_hide_a_window(piece: str) -> None:
    before, after = words(1, 60), words(2, 60)
    whole = [*before, *piece.split(), *after]
    for place in range(55, 60 + len(piece.split()) + 5):
        first, second = " ".join(whole[:place]), " ".join(whole[place - 30 :])
        assert is_copy(first, second), place
        assert is_copy(second, first), place


def test_a_template_at_a_joint_is_no_window() -> None:
    foot = " ".join(words(3, 30))
    pages = [f"{' '.join(words(10 + i, 40))} {foot}" for i in range(60)]
    heads = [f"{foot} {' '.join(words(200 + i, 40))}" for i in range(60)]
    near = counted([*pages, *heads])
    assert not is_copy(pages[0], heads[0], near)
    assert not is_copy(heads[0], pages[0], near)
    assert is_copy(pages[0], heads[0])


def test_what_was_cut_within_a_sentence_is_a_window_whatever_template_was_cut() -> None:
    foot = " ".join(words(3, 30))
    pages = [f"A page. {' '.join(words(10 + i, 40))} {foot}" for i in range(60)]
    heads = [f"{foot} {' '.join(words(200 + i, 40))}. The end" for i in range(60)]
    near = counted([*pages, *heads])
    assert is_copy(pages[0], heads[0], near)
    assert is_copy(heads[0], pages[0], near)
    assert not is_copy(f"{pages[0]}.", heads[0], near)
    assert not is_copy(pages[0], heads[0].capitalize(), near)


def test_what_begins_a_sentence_here_and_stands_within_one_there_was_not_cut() -> None:
    shared = " ".join(words(3, 30))
    first, second = f"Rarely, {shared}.", f"{shared.capitalize()}. {' '.join(words(5, 40)).capitalize()}."
    before = " ".join(words(4, 40)).capitalize()
    assert not is_copy(f"{before}. {first}", second)
    assert is_copy(f"{before}. {shared.capitalize()}.", second)


def test_what_begins_alike_is_no_window() -> None:
    start = " ".join(words(4, 30))
    one, other = (f"{start} {' '.join(words(seed, 50))}" for seed in (5, 6))
    assert not is_copy(one, other)


@given(st.integers(0, 2**32), st.integers(0, 200), st.integers(0, 300))
def test_the_first_glance_overlooks_nothing_that_is_joined(seed: int, start: int, more: int) -> None:
    draw = np.random.default_rng(seed)
    text = "".join(draw.choice(list("abcdefgh"), 600))
    first, second = fold_all([text[:300], text[start : 300 + more]])
    if joined(first.letters, second.letters):
        sketches, needles = np.stack([first.sketch, second.sketch]), needles_of([first, second])
        assert may_go_on(sketches, np.arange(2), needles[::-1]).any()


def test_the_threshold_is_the_rule_s() -> None:
    text = words(7, 140)
    first, second = " ".join(text[:80]), " ".join(text[60:])
    assert is_copy(first, second)
    assert not is_copy(first, second, NearCopies(Copies(overlap=0.5), Frequencies.none()))
