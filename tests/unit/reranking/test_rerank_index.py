from __future__ import annotations

from pathlib import Path

import pytest

from miner.data import Passage, Row
from miner.encoders import HashingEncoder
from miner.index import Index, build_index
from miner.progress import Clock
from miner.reranking import tasks
from miner.reranking.tasks import tasks_on

COLOURS = ("red", "green", "blue", "white", "black")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    passages = [
        Passage(f"p{i}", f"a {colour} {thing}", title=f"{thing}s")
        for i, (colour, thing) in enumerate((c, t) for c in COLOURS for t in ("house", "boat"))
    ]
    monkeypatch.setattr(Index, "encoder", lambda self: HashingEncoder(), raising=False)
    return build_index(passages, tmp_path / "index", HashingEncoder(), clock=Clock())


def test_documents_are_the_nearest_passages_and_all_relevant_ones(index: Index) -> None:
    row = Row("a red house", ("a red house", "somewhere else", "a black boat"))
    (task,) = tasks_on([row], index, top=4)
    assert task.documents[:3] == row.relevant_passages
    assert task.relevant == 3
    others = task.documents[3:]
    assert len(others) == 3
    assert not set(others) & set(row.relevant_passages)
    assert all("red" in text or "house" in text for text in others)


def test_a_relevant_passage_with_its_title_is_found_and_the_others_have_titles_too(index: Index) -> None:
    (task,) = tasks_on([Row("a red house", ("houses\na red house",))], index, top=3)
    assert all(text.startswith(("houses\n", "boats\n")) for text in task.documents)
    assert len(set(task.documents)) == len(task.documents) == 3


def test_the_negatives_of_a_row_play_no_part(index: Index) -> None:
    with_negatives = Row("a red house", ("a red house",), ("nothing of the kind",))
    assert tasks_on([with_negatives], index) == tasks_on([Row("a red house", ("a red house",))], index)


def test_fifty_passages_are_asked_of_the_index_by_default() -> None:
    assert tasks.TOP == 50
