"""Copies are caught whatever happened to their presentation; contrasts are kept however small they are."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping

import pytest

from miner.errors import ConfigError
from miner.text.copies import Copies, Weighed, judge_copy
from miner.text.frequencies import Frequencies, FrequencyCounter
from miner.text.tokens import TokenLine, key
from tests.support.contrasts import CERTAIN, CONTRASTS, pairs
from tests.support.contrasts_later import LATER
from tests.support.passages import LENGTHS, SCRIPTS, STRANGE, passage, sentences
from tests.support.transforms import EXCERPTS, PRESENTATION, TYPOS, Transform

NONE = Frequencies.none()


def caught(candidate: str, relevant: str) -> bool:
    a, b = Weighed(TokenLine(candidate), NONE), Weighed(TokenLine(relevant), NONE)
    return key(candidate) == key(relevant) or judge_copy(a, b, Copies()).copy


def missed(transforms: Mapping[str, Transform]) -> tuple[list[str], int]:
    """Copies that were taken for something else, and how many there were."""
    found, count = list[str](), 0
    for name, transform in transforms.items():
        for script in SCRIPTS:
            for length in LENGTHS:
                changed = transform(sentences(script, length), STRANGE[script])
                if changed is not None:
                    count += 1
                    if not caught(changed, passage(script, length)):
                        found.append(f"{name} {script} {length}")
    return found, count


def test_there_are_sixty_ways_to_copy_and_more() -> None:
    assert len(PRESENTATION) + len(TYPOS) + len(EXCERPTS) >= 100


def test_changes_of_presentation_are_caught() -> None:
    found, count = missed(PRESENTATION)
    assert count > 500
    assert len(found) <= 0.01 * count, found


@pytest.mark.parametrize("transforms", [TYPOS, EXCERPTS], ids=["typos", "excerpts"])
def test_typos_windows_and_excerpts_are_caught(transforms: dict[str, Transform]) -> None:
    found, count = missed(transforms)
    assert len(found) <= 0.05 * count, found


@pytest.mark.parametrize(("table", "least"), [(CONTRASTS, 500), (LATER, 300)], ids=["first", "later"])
def test_contrasts_are_kept(table: Mapping[str, list[str]], least: int) -> None:
    lost, count = Counter[str](), 0
    for kind, _, a, b in pairs(table):
        count += 1
        lost[kind] += caught(a, b) or caught(b, a)
    assert count >= least
    assert not any(lost[kind] for kind in CERTAIN), lost
    assert sum(lost.values()) <= 0.02 * count, lost


@pytest.mark.parametrize("script", SCRIPTS)
def test_other_passages_are_no_copies(script: str) -> None:
    assert not caught(" ".join(STRANGE[script]), passage(script, "medium"))


@pytest.mark.parametrize(
    ("candidate", "relevant", "copy"),
    [
        ("No, dogs stay outside all year round.", "No", False),
        ("Error 404 means that nothing was found.", "404", False),
        ("no", "No.", True),
        ("404!", "404", True),
        ("The pump stops at night. The lamp is green.", "The lamp is green.", False),
    ],
)
def test_a_short_passage_matches_as_a_whole(candidate: str, relevant: str, copy: bool) -> None:
    assert caught(candidate, relevant) is copy


def test_what_differs_is_told() -> None:
    a, b = (
        Weighed(TokenLine(f"Take {dose} mg of aspirin each day with water."), NONE) for dose in ("35", "3.5")
    )
    judged = judge_copy(a, b, Copies())
    assert [str(each) for each in judged.contrasts] == ["'35' for '3.5'"]


def test_a_higher_threshold_lets_excerpts_through() -> None:
    relevant = passage("Latin", "long")
    excerpt = EXCERPTS["window_before"](sentences("Latin", "long"), STRANGE["Latin"])
    a, b = Weighed(TokenLine(str(excerpt)), NONE), Weighed(TokenLine(relevant), NONE)
    assert judge_copy(a, b, Copies()).copy
    assert not judge_copy(a, b, Copies(cover=1.0, run=1.0, overlap=1.0)).copy


@pytest.mark.parametrize("options", [{"cover": 0.0}, {"run": 1.5}])
def test_shares_are_shares(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="expected more than 0, up to 1"):
        Copies(**options)


def counted(texts: Iterable[str]) -> Frequencies:
    counter = FrequencyCounter()
    for text in texts:
        counter.add(text)
    return counter.result()


def page(seed: int, size: int = 60) -> str:
    draw = random.Random(seed)
    return " ".join("".join(draw.choices("aeioulmnrst", k=6)) for _ in range(size))


@pytest.mark.parametrize(("pages", "copy"), [(2, True), (5, True), (6, False), (12, False)])
def test_a_paragraph_of_several_pages_does_not_tell_which_of_them_is_meant(pages: int, copy: bool) -> None:
    paragraph = page(0, 40)
    texts = [paragraph, *(f"{page(i)} {paragraph}" for i in range(1, pages))]
    frequencies = counted(texts)
    a, b = (Weighed(TokenLine(text), frequencies) for text in (texts[1], paragraph))
    assert judge_copy(a, b, Copies()).copy is copy
    assert judge_copy(b, a, Copies()).copy is copy


def test_a_paragraph_that_says_its_own_within_a_template_is_an_excerpt() -> None:
    before, own, after = page(0, 30), page(1, 20), page(2, 40)
    template = [f"{before} {page(i, 20)} {after}" for i in range(10, 30)]
    excerpt = f"{before} {own} {after}"
    whole = f"{page(3)} {excerpt} {page(4)}"
    frequencies = counted([*template, excerpt, whole])
    a, b = (Weighed(TokenLine(text), frequencies) for text in (whole, excerpt))
    assert judge_copy(a, b, Copies()).copy
    assert not judge_copy(Weighed(TokenLine(f"{page(5)} {template[0]}"), frequencies), b, Copies()).copy
