"""Which passages are parts of one document."""

from __future__ import annotations

import pytest

from miner.data import Passage
from miner.text.documents import IdShapes, document, spans_overlap


def shapes_of(ids: list[str]) -> str:
    shapes = IdShapes()
    for id in ids:
        shapes.add(id)
    return shapes.marks()


@pytest.mark.parametrize("mark", "_-/:")
def test_parts_counted_on_in_several_documents_are_parts(mark: str) -> None:
    ids = [f"{name}{mark}{number}" for name in ("guide", "manual") for number in range(3)]
    assert shapes_of(ids) == mark
    assert document(Passage(ids[1], "text"), mark) == "guide"


@pytest.mark.parametrize(
    "ids",
    [
        [f"doc-{number}" for number in range(50)],
        [f"a_{number * 7}" for number in range(20)] + [f"b_{number * 3}" for number in range(20)],
        [f"GARD_{number:07}_Sec1" for number in range(9)],
        [str(number) for number in range(9)],
    ],
)
def test_numbers_of_documents_are_no_parts(ids: list[str]) -> None:
    assert shapes_of(ids) == ""


def test_a_record_that_names_its_document_is_believed() -> None:
    assert document(Passage("x#3", "text", document="handbook")) == "handbook"


def test_the_mark_of_chunks_always_counts() -> None:
    assert document(Passage("guide.md#3", "text")) == document(Passage("guide.md", "text")) == "guide.md"
    assert document(Passage("guide.md_3", "text")) == "guide.md_3"


def test_spans_of_one_file_overlap_where_they_share_characters() -> None:
    first = Passage("guide.md", "a" * 100, source="guide.md", offset=0)
    assert spans_overlap(first, Passage("guide.md#2", "b", source="guide.md", offset=99))
    assert not spans_overlap(first, Passage("guide.md#2", "b", source="guide.md", offset=100))
    rows = [Passage(id, "a" * 100, source="rows.jsonl", offset=line) for line, id in enumerate("xy")]
    assert not spans_overlap(*rows)
