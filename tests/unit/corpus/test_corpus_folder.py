"""Which files of a folder are read, in which order, and what stays outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from miner.corpus import read_corpus
from miner.corpus.notes import Notes
from miner.corpus.options import ReadOptions
from miner.errors import ConfigError


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        body = (
            '{"text": "x"}\n' if ".jsonl" in name else "text\nx\n" if name.endswith(("csv", "tsv")) else "x\n"
        )
        path.write_text(body)


def sources(root: Path, follow: bool = False, **given: tuple[str, ...]) -> list[str]:
    options = ReadOptions(follow_symlinks=follow, notes=Notes(strict=True), **given)  # type: ignore[arg-type]
    return [passage.source for passage in read_corpus(root, options=options)]


def noted(root: Path) -> tuple[list[str], str]:
    """What is read, and the first thing that is noted."""
    options = ReadOptions()
    found = [passage.source for passage in read_corpus(root, options=options)]
    return found, str(options.notes.listed[0]).replace(f"{root}/", "")


def test_files_come_in_byte_order_of_their_paths(tmp_path: Path) -> None:
    put(tmp_path, "b.md", "a/z.txt", "a.md", "a-b.jsonl", "a/B.MD", "a/b/c.csv", "é.md", "Z.txt", "image.png")
    found = sources(tmp_path)
    assert found == ["Z.txt", "a-b.jsonl", "a.md", "a/B.MD", "a/b/c.csv", "a/z.txt", "b.md", "é.md"]
    assert found == sorted(found, key=str.encode)


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "a.md", ".b.md", ".git/c.md", "d/.e.txt")
    assert sources(tmp_path) == ["a.md"]


def test_an_empty_folder_names_what_is_read(tmp_path: Path) -> None:
    put(tmp_path, ".hidden.md", "image.png")
    with pytest.raises(
        ConfigError, match=r"nothing to read; expected files that end in \.jsonl, .*; found 1 \.png"
    ):
        sources(tmp_path)


@pytest.mark.parametrize("beside", ["queries.jsonl", "qrels.tsv", "qrels/test.tsv", "queries.jsonl.gz"])
def test_of_a_beir_folder_only_the_corpus_is_read(beside: str, tmp_path: Path) -> None:
    put(tmp_path, "set/corpus.jsonl", f"set/{beside}", "set/notes.md", "more.md")
    assert sources(tmp_path / "set") == ["corpus.jsonl"]
    assert sources(tmp_path) == ["more.md", "set/corpus.jsonl"]


def test_a_corpus_file_alone_is_no_beir_folder(tmp_path: Path) -> None:
    put(tmp_path, "corpus.jsonl", "notes.md")
    assert sources(tmp_path) == ["corpus.jsonl", "notes.md"]


def test_links_out_of_the_corpus_are_refused_unless_asked_for(tmp_path: Path) -> None:
    put(tmp_path, "outside/secret.md", "in/a.md")
    link = tmp_path / "in" / "b.md"
    link.symlink_to("../outside/secret.md")
    with pytest.raises(ConfigError, match=r"b\.md: leads out of the corpus"):
        sources(tmp_path / "in")
    assert sources(tmp_path / "in", follow=True) == ["a.md", "b.md"]
    read, note = noted(tmp_path / "in")
    assert read == ["a.md"]
    assert note.startswith("b.md: leads out of the corpus")
    link.unlink()
    (tmp_path / "in" / "c").symlink_to(tmp_path / "outside", target_is_directory=True)
    with pytest.raises(ConfigError, match=r"in/c: leads out of the corpus"):
        sources(tmp_path / "in")
    assert sources(tmp_path / "in", follow=True) == ["a.md", "c/secret.md"]


def test_links_within_the_corpus_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    put(tmp_path, "a/x.md")
    (tmp_path / "b").symlink_to("a", target_is_directory=True)
    assert sources(tmp_path) == ["a/x.md", "b/x.md"]
    (tmp_path / "a" / "up").symlink_to("..", target_is_directory=True)
    assert noted(tmp_path) == (["a/x.md", "b/x.md"], "a/up: the link leads back to a folder above it")
    for follow in (False, True):
        with pytest.raises(ConfigError, match="leads back to a folder above"):
            sources(tmp_path, follow)


def test_broken_links_and_special_files(tmp_path: Path) -> None:
    put(tmp_path, "a.md")
    os.mkfifo(tmp_path / "pipe.md")
    assert sources(tmp_path) == ["a.md"]
    (tmp_path / "b.md").symlink_to("gone.md")
    with pytest.raises(ConfigError, match=r"b\.md: is a broken link"):
        sources(tmp_path)
    assert noted(tmp_path) == (["a.md"], "b.md: is a broken link")


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"\xff.md")).write_text("x")
    except OSError:
        pytest.skip("the file system takes UTF-8 names only")
    with pytest.raises(ConfigError, match="name is not UTF-8"):
        sources(tmp_path)


def test_a_corpus_that_is_a_link_itself_is_read(tmp_path: Path) -> None:
    put(tmp_path, "real/a.md")
    (tmp_path / "corpus").symlink_to("real", target_is_directory=True)
    assert sources(tmp_path / "corpus") == ["a.md"]


def test_cleaning_applies_to_title_and_text_and_leaves_the_offset(tmp_path: Path) -> None:
    class Upper:
        def clean(self, text: str) -> str:
            return text.upper()

    (tmp_path / "a.md").write_text("# Title\n\nbody\n")
    (passage,) = read_corpus(tmp_path, clean=Upper())
    assert (passage.id, passage.title, passage.text, passage.offset) == ("a.md", "TITLE", "BODY", 9)
