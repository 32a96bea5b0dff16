"""Copies never come out and contrasts may, whatever the filter; windows over one document are copies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest

from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from miner.errors import ConfigError, IndexMismatch
from miner.filters import Filter, Margin, Rank, SameDocument
from miner.index import Index, build_index, open_index, verify
from miner.index.manifest import NAME, read_manifest
from miner.mining.explain import explain
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.selectors import Selector, Top
from miner.storage.mirror import place_of
from miner.text.copies import Copies, parse_copies
from tests.support.passages import STRANGE, passage, sentences

ENCODER = HashingEncoder(256)
WINDOW, STRIDE = 80, 40
WindowedIndex = tuple[list[Passage], Index]


def words(seed: int, count: int) -> list[str]:
    draw = np.random.default_rng(seed)
    return [f"w{number}" for number in draw.zipf(1.3, count) % 3000]


def windows(mark: str) -> Iterator[tuple[int, Passage]]:
    for number in range(6):
        text = words(number, 400)
        for part, start in enumerate(range(0, len(text) - STRIDE, STRIDE)):
            id = f"doc {number}{mark}{part}" if mark else f"p{number * 1000 + part * 7}"
            yield number, Passage(id, " ".join(text[start : start + WINDOW]))


@pytest.fixture(scope="module", params=["#", "_", "-", "/", ":", ""])
def windowed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> WindowedIndex:
    """Windows over documents, by the mark of their ids, and an index of them."""
    made = [each for _, each in windows(request.param)]
    return made, build_index(made, tmp_path_factory.mktemp("windowed") / "i", ENCODER)


@pytest.mark.parametrize("filters", [(), (Margin(relative=0.05),), (SameDocument(),), (Rank(last=90),)])
def test_no_window_comes_out_beside_the_one_it_overlaps(
    windowed: WindowedIndex, filters: tuple[Filter, ...]
) -> None:
    made, index = windowed
    asked = made[1::5]
    queries = [Query(" ".join(each.text.split()[30:45]), (), (each.id,)) for each in asked]
    for row, known in zip(mine(queries, index, Recipe(filters=filters), encoder=ENCODER), asked, strict=True):
        for negative in row.hard_negatives:
            assert longest_run(negative.split(), known.text.split()) < 0.4 * WINDOW


def longest_run(a: list[str], b: list[str]) -> int:
    return SequenceMatcher(None, a, b, autojunk=False).find_longest_match().size


RELEVANT = passage("Latin", "medium")
CONTRAST = RELEVANT.replace("40 minutes", "14 minutes")
COPIES = (
    RELEVANT.replace(" ", "&nbsp;"),
    f"{STRANGE['Latin'][0]} {RELEVANT}",
    RELEVANT.replace("granite", "grantie"),
)


def corpus() -> list[Passage]:
    texts = [RELEVANT, CONTRAST, *COPIES, *STRANGE["Latin"], *sentences("Latin", "long")[4:]]
    return [Passage(f"p{number}", text) for number, text in enumerate(texts)]


def test_the_contrast_comes_out_and_no_copy(tmp_path: Path) -> None:
    index = build_index(corpus(), tmp_path / "i", ENCODER)
    recipe = Recipe(n=3, filters=(), select=Top())
    result = mine([Query("When do boats leave?", (RELEVANT,))], index, recipe, encoder=ENCODER)
    (row,) = result
    assert CONTRAST in row.hard_negatives
    assert not set(COPIES) & set(row.hard_negatives)
    counts = result.counts()
    assert counts["rejected"]["copies()"] == counts["rejected_as_near_copies"] == 2
    assert counts["rejected_as_same"] == 1


def test_the_threshold_is_changed_by_an_option(tmp_path: Path) -> None:
    index = build_index(corpus(), tmp_path / "i", ENCODER)
    half = " ".join(sentences("Latin", "medium")[:2])
    query = [Query("When do boats leave?", (f"{half} {STRANGE['Latin'][1]}",))]
    dropped = [
        mine(query, index, Recipe(n=1, copies=copies, filters=()), encoder=ENCODER).counts()[
            "rejected_as_near_copies"
        ]
        for copies in (Copies(), Copies(cover=1.0, run=1.0, overlap=1.0))
    ]
    assert dropped[0] > dropped[1]


def test_examples_of_near_copies_stand_in_the_run_record(tmp_path: Path) -> None:
    index = build_index(corpus(), tmp_path / "i", ENCODER)
    result = mine(
        [Query("When do boats leave?", (RELEVANT,))], index, Recipe(n=1, filters=()), encoder=ENCODER
    )
    result.write(tmp_path / "out.jsonl")
    told = json.loads((tmp_path / "out.run.json").read_text())["near_copies"]
    assert {each["candidate"] for each in told} == set(COPIES[1:])
    assert {each["relevant"] for each in told} == {RELEVANT}


def test_explain_tells_what_differs(tmp_path: Path) -> None:
    index = build_index(corpus(), tmp_path / "i", ENCODER)
    found = explain(Query("When do boats leave?", (RELEVANT,)), index, Recipe(filters=()), encoder=ENCODER)
    by_text = {each.text: each for each in found.candidates}
    assert by_text[CONTRAST].differs == ("'14' for '40'",)
    assert by_text[COPIES[1]].verdict == "copies()"
    assert COPIES[0] not in by_text


@pytest.mark.parametrize("text", ["copies(cover=2.0)", "copies(kover=0.5)", "margin()", "copies("])
def test_a_rule_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match=r"cop|rule"):
        parse_copies(text)


def test_select_and_block_size_change_nothing_of_what_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = build_index(corpus(), tmp_path / "i", ENCODER)
    queries = [Query(text, (RELEVANT,)) for text in sentences("Latin", "long")]

    def caught(select: Selector) -> dict[str, int]:
        recipe = Recipe(n=2, filters=(), select=select)
        counts: dict[str, int] = mine(queries, index, recipe, encoder=ENCODER).counts()["rejected"]
        return counts

    expected = caught(Top())
    monkeypatch.setattr("miner.mining.miner.POOL_QUERIES", 1)
    monkeypatch.setattr("miner.mining.miner.SEARCH_QUERIES", 3)
    assert caught(Top()) == expected


def former(folder: Path) -> None:
    """Make an index one of the format before, as far as a reader can tell."""
    text = (folder / NAME).read_text()
    (folder / NAME).write_text(text.replace('"format": 5', '"format": 2'))


class Counted(HashingEncoder):
    encoded = 0

    def encode_passages(self, texts):  # type: ignore[no-untyped-def]
        Counted.encoded += len(texts)
        return super().encode_passages(texts)


def test_an_index_of_the_format_before_is_lifted_without_encoding(tmp_path: Path) -> None:
    folder = tmp_path / "i"
    build_index(corpus(), folder, Counted(256))
    former(folder)
    with pytest.raises(IndexMismatch, match="--update' brings it there and encodes nothing again"):
        open_index(folder)
    with pytest.raises(IndexMismatch, match="another"):
        build_index(corpus(), folder, HashingEncoder(64), existing="update")
    Counted.encoded = 0
    build_index(corpus(), folder, Counted(256), existing="update")
    assert Counted.encoded == 0
    assert verify(folder) == []


def test_statistics_follow_an_update(tmp_path: Path) -> None:
    build_index(corpus(), tmp_path / "a", ENCODER)
    more = [
        *corpus(),
        *(Passage(f"more {i}", f"The harbour of {name} is closed.") for i, name in enumerate("uvw")),
    ]
    build_index(more, tmp_path / "a", ENCODER, existing="update")
    build_index(more, tmp_path / "b", ENCODER)
    a, b = (read_manifest(place_of(tmp_path / name)) for name in "ab")
    assert a.frequencies == b.frequencies
    assert open_index(tmp_path / "a").frequencies.of_words(["harbour"])[0] >= 3
