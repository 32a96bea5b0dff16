"""A corpus that its encoder cannot read is told of in a line, before it is encoded."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from miner.corpus.notes import Notes
from miner.corpus.options import ReadOptions
from miner.data import Passage
from miner.encoders import HashingEncoder
from miner.encoders.legibility import Span
from miner.errors import InputError
from miner.index import build, build_index


@dataclass(frozen=True)
class Ascii(HashingEncoder):
    """Reads ASCII alone."""

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        return [[(0, len(text), text.isascii())] for text in texts]


def corpus(folder: Path, text: str) -> Path:
    folder.mkdir()
    for number in range(30):
        (folder / f"{number}.md").write_text(f"{text} {number}\n", "utf-8")
    return folder


def test_it_is_said_once_and_recorded(tmp_path: Path) -> None:
    said: list[str] = []
    options = ReadOptions(notes=Notes(tell=said.append))
    build_index(corpus(tmp_path / "c", "Возврат средств"), tmp_path / "i", Ascii(), options=options)
    (line,) = said
    assert line.startswith(
        "warning: the encoder can hardly read these texts: 100% of their letters (Cyrillic)"
    )
    assert options.notes.record()["understood"] == said


def test_in_python_it_is_a_warning(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"can hardly read .*\(Cyrillic\)") as caught:
        build_index([{"text": "Возврат средств на карту"}], tmp_path / "i", Ascii())
    assert [Path(warning.filename).name for warning in caught] == [Path(__file__).name]


@pytest.mark.parametrize(("encoder", "text"), [(Ascii(), "Refunds take days"), (HashingEncoder(), "Возврат")])
def test_nothing_is_said_of_what_can_be_read_or_nobody_can_tell_of(
    encoder: HashingEncoder, text: str, tmp_path: Path
) -> None:
    options = ReadOptions()
    with warnings.catch_warnings(action="error"):
        build_index(corpus(tmp_path / "c", text), tmp_path / "i", encoder, options=options)
    assert options.notes.told == []


def test_passages_are_drawn_from_all_shards(tmp_path: Path) -> None:
    known = [Passage(str(n), f"readable text number {n}") for n in range(200)]
    strange = [Passage(f"s{n}", f"непонятный текст {n}") for n in range(100)]
    with pytest.warns(UserWarning, match="can hardly read"):
        build.build([*known, *strange], tmp_path / "i", Ascii(), shard_size=50)


def test_a_second_text_of_an_id_is_noted_in_a_build_that_notes(tmp_path: Path) -> None:
    passages = [Passage("a", "first"), Passage("b", "other"), Passage("a", "second")]
    notes = Notes()
    index = build.build(passages, tmp_path / "i", HashingEncoder(), notes=notes)
    assert (len(index), notes.counts.total()) == (2, 1)
    with pytest.raises(InputError, match="already names another text"):
        build.build(passages, tmp_path / "j", HashingEncoder())
