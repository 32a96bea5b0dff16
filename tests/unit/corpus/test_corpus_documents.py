"""Documents: titles, sections, and how long ones are cut."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from miner.corpus import markdown, read_corpus
from miner.corpus.chunk import Chunker, Section, estimate
from miner.corpus.markdown import LONG_PARAGRAPH, outline
from miner.corpus.notes import Notes
from miner.corpus.options import ReadOptions, strict
from miner.data import Passage
from miner.errors import ConfigError, InputError


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def read(folder: Path, text: str, max_tokens: int = 16, name: str = "d.md") -> list[Passage]:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    passages = list(read_corpus(path, max_tokens=max_tokens, count_tokens=words))
    for number, passage in enumerate(passages, 1):
        assert passage.id == (name if number == 1 else f"{name}#{number}")
        assert text[passage.offset : passage.offset + len(passage.text)] == passage.text
        assert len(passage.encoded.split()) <= max_tokens
    return passages


def parts(passages: Sequence[Passage]) -> list[tuple[str, str]]:
    return [(passage.title, passage.text) for passage in passages]


def test_the_front_matter_gives_the_title_and_headings_the_path(tmp_path: Path) -> None:
    text = (
        "---\ntitle: Plans\ntags: [a]\n---\nintro\n\n"
        "# Pause\n\none\n\n## How **long** `x`\n\ntwo\n\nCancel\n======\nthree\n"
    )
    assert parts(read(tmp_path, text)) == [
        ("Plans", "intro"),
        ("Plans > Pause", "one"),
        ("Plans > Pause > How long x", "two"),
        ("Plans > Cancel", "three"),
    ]


def test_without_front_matter_the_first_heading_is_the_title(tmp_path: Path) -> None:
    assert parts(read(tmp_path, "intro\n\n# Plans\n\none\n\n## Pause\n\ntwo\n")) == [
        ("Plans", "intro"),
        ("Plans", "one"),
        ("Plans > Pause", "two"),
    ]
    assert parts(read(tmp_path, "just text\n")) == [("", "just text")]


def test_a_heading_that_repeats_the_title_is_named_once(tmp_path: Path) -> None:
    assert parts(read(tmp_path, "---\ntitle: Pause a plan\n---\n# Pause a Plan\n\none\n")) == [
        ("Pause a plan", "one")
    ]


def test_text_files_honour_front_matter_and_know_no_headings(tmp_path: Path) -> None:
    assert parts(read(tmp_path, "---\ntitle: Plans\n---\n# not a heading\n", name="d.txt")) == [
        ("Plans", "# not a heading")
    ]


@pytest.mark.parametrize(
    "text", ["---\nno mapping\n---\nbody\n", "---\ntitle: x\nnever closed\n", "----\na\n---\n"]
)
def test_what_is_no_front_matter_is_text(text: str, tmp_path: Path) -> None:
    (passage,) = read(tmp_path, text, name="d.txt")
    assert passage.text == text.strip()


@pytest.mark.parametrize(
    ("front", "line", "title"),
    [
        ("a: b\ntitle: a: b", 3, "a: b"),
        ("title: [a", 3, "[a"),
        ("title: [a, b]", 1, ""),
        ("a: [" + "\n" * 10 + "}", 12, ""),
        ("title: 'x\nb: \"y", 4, "x"),
    ],
)
def test_broken_front_matter_costs_its_fields_and_is_noted(
    front: str, line: int, title: str, tmp_path: Path
) -> None:
    path, options = tmp_path / "d.md", ReadOptions()
    path.write_text(f"---\n{front}\n---\nbody\n")
    assert parts(list(read_corpus(path, options=options))) == [(title, "body")]
    assert [note.line for note in options.notes.listed] == [line]
    with pytest.raises(InputError, match="front matter") as caught:
        list(read_corpus(path, options=strict()))
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("front", "title", "notes"),
    [
        ("title = 'Plans'\n[x]\na = 1", "Plans", 0),
        ("a = 1", "", 0),
        ("title: Plans", "", 1),
        ("title = 3", "", 1),
    ],
)
def test_front_matter_may_be_toml(front: str, title: str, notes: int, tmp_path: Path) -> None:
    path, options = tmp_path / "d.md", ReadOptions()
    path.write_text(f"+++\n{front}\n+++\nbody\n")
    assert parts(list(read_corpus(path, options=options))) == [(title, "body")]
    assert len(options.notes.listed) == notes


def test_front_matter_makes_no_objects(tmp_path: Path) -> None:
    text = "---\ntitle: 2024-13-45\nx: !!python/object/apply:os.system [exit]\n---\nbody\n"
    assert parts(read(tmp_path, text)) == [("2024-13-45", "body")]


def test_small_paragraphs_are_packed_within_their_section(tmp_path: Path) -> None:
    text = "# A\n\none two three\n\nfour five six\n\nseven eight nine ten\n\n# B\n\neleven\n"
    assert parts(read(tmp_path, text, max_tokens=9)) == [
        ("A", "one two three\n\nfour five six"),
        ("A", "seven eight nine ten"),
        ("B", "eleven"),
    ]


def test_long_paragraphs_are_cut_between_sentences_then_words(tmp_path: Path) -> None:
    assert parts(read(tmp_path, "One two three four. Five six seven? Eight\nnine ten.", max_tokens=8)) == [
        ("", "One two three four. Five six seven?"),
        ("", "Eight\nnine ten."),
    ]
    long = " ".join(f"w{i}" for i in range(20))
    assert [len(text.split()) for _, text in parts(read(tmp_path, long, max_tokens=8))] == [8, 8, 4]


def test_a_code_fence_that_fits_is_never_cut(tmp_path: Path) -> None:
    fence = "```sh\na b\n\n# no heading\n\nc d\n```"
    text = f"one two three four five\n\n{fence}\n\n- x\n\n  {fence.replace(chr(10), chr(10) + '  ')}\n- y\n"
    texts = [passage.text for passage in read(tmp_path, text, max_tokens=10)]
    assert texts[0] == "one two three four five"
    assert texts[1] == fence
    assert sum("```sh" in text and text.count("```") == 2 for text in texts) == 2


def test_lists_are_cut_between_items(tmp_path: Path) -> None:
    items = [f"- item {i} has some\n  more words" for i in range(4)]
    assert [p.text for p in read(tmp_path, "\n".join(items), max_tokens=15)] == [
        "\n".join(items[:2]),
        "\n".join(items[2:]),
    ]


def test_sentences_without_spaces_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "d.txt"
    path.write_text("退款需要五天。" * 30, encoding="utf-8")
    passages = list(read_corpus(path, max_tokens=16))
    assert "".join(p.text for p in passages) == "退款需要五天。" * 30
    assert all(p.text.endswith("。") and estimate([p.text])[0] <= 16 for p in passages)


def test_one_endless_word_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "d.txt"
    path.write_text("x" * 1_000_000, encoding="utf-8")
    passages = list(read_corpus(path, max_tokens=256))
    assert "".join(p.text for p in passages) == "x" * 1_000_000
    assert max(estimate([p.text])[0] for p in passages) <= 256


def test_a_long_title_leaves_half_of_the_room(tmp_path: Path) -> None:
    path = tmp_path / "d.md"
    path.write_text("# " + "long " * 30 + "\n\n" + "word " * 20)
    assert [len(p.text.split()) for p in read_corpus(path, max_tokens=10, count_tokens=words)] == [5, 5, 5, 5]


@pytest.mark.parametrize("text", ["", "\n \n", "# Heading\n", "---\ntitle: x\n---\n"])
def test_a_document_without_text_is_one_blank_passage(text: str, tmp_path: Path) -> None:
    assert [(p.id, p.text) for p in read(tmp_path, text)] == [("d.md", "")]


def test_line_ends_of_all_systems(tmp_path: Path) -> None:
    for end in ("\n", "\r\n", "\r"):
        text = end.join(["# A", "", "one", "", "# B", "", "two", ""])
        assert parts(read(tmp_path, text)) == [("A", "one"), ("B", "two")]


def test_a_room_too_small_is_misuse() -> None:
    with pytest.raises(ConfigError, match="at least 8"):
        Chunker(max_tokens=4)


def test_what_is_too_long_to_count_is_never_counted() -> None:
    longest = 0

    def spy(texts: Sequence[str]) -> list[int]:
        nonlocal longest
        longest = max(longest, *map(len, texts))
        return words(texts)

    text = "word " * 10_000
    list(Chunker(10, spy).spans(text, Section("", 0, len(text))))
    assert longest <= 320


@pytest.mark.parametrize("piece", ["- a\n", "|", "> ", "\r", "1. "])
def test_a_document_of_marks_without_end_is_refused(
    piece: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markdown, "MOST_MARKS", 1000)
    path = tmp_path / "d.md"
    path.write_text(piece * 1001, newline="")
    with pytest.raises(InputError, match=r"d\.md: has more than 1,000 lines, cells and list marks"):
        list(read_corpus(path))
    path.rename(path.with_suffix(".txt"))
    assert list(read_corpus(path.with_suffix(".txt")))


def test_a_tangled_heading_is_taken_as_it_stands(tmp_path: Path) -> None:
    assert parts(read(tmp_path, "# a ![b](c) `d`\n\none\n")) == [("a b d", "one")]
    tangle = "a " + "![" * 20 + "*" * 5
    assert parts(read(tmp_path, f"# {tangle}\n\none\n")) == [(tangle, "one")]


def test_link_definitions_are_no_headings_and_not_looked_for_in_endless_paragraphs(tmp_path: Path) -> None:
    assert parts(read(tmp_path, "[a]: b\n---\none\n")) == [("", "[a]: b\n---\none")]
    endless = '[a]: b "' + "x\n" * 2 * LONG_PARAGRAPH
    sections = outline(endless, Path("d.md"), Notes())
    assert [(section.title, section.start, section.end) for section in sections] == [("", 0, len(endless))]


def notebook(path: Path, book: object) -> list[tuple[str, str]]:
    path.write_text(json.dumps(book))
    return parts(list(read_corpus(path)))


def test_a_notebook_is_its_markdown_and_its_code_without_what_came_out(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Plans\n", "\n", "Pause\n", "a plan."]},
        {"cell_type": "code", "source": "pause(plan)", "outputs": [{"text": "done"}]},
        {"cell_type": "raw", "source": "raw"},
        {"cell_type": "markdown", "source": "## Fees\nNone."},
    ]
    assert notebook(tmp_path / "n.ipynb", {"cells": cells, "nbformat": 4}) == [
        ("Plans", "Pause\na plan.\n\n~~~~\npause(plan)\n~~~~"),
        ("Plans > Fees", "None."),
    ]
    third = [
        {"cell_type": "heading", "level": 1, "source": "Plans"},
        {"cell_type": "code", "input": ["pause()"]},
    ]
    assert notebook(tmp_path / "o.ipynb", {"worksheets": [{"cells": third}]}) == [
        ("Plans", "~~~~\npause()\n~~~~")
    ]


@pytest.mark.parametrize(
    "book", [[], {}, {"cells": 3}, {"worksheets": {"cells": []}}, "text", {"cells": ["x"]}]
)
def test_what_is_no_notebook_is_said(book: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"n\.ipynb: holds no cells; expected a Jupyter notebook"):
        notebook(tmp_path / "n.ipynb", book)
