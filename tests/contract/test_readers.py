"""What holds for every reader of a corpus."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from miner.corpus import READERS, read_corpus
from miner.corpus.options import ReadOptions, strict
from miner.corpus.records import RECORDS
from miner.errors import InputError
from tests.support import documents

ROWS = [
    {"_id": "a", "title": "Plans", "text": "Pause a plan, for “now”."},
    {"_id": "b", "title": "", "text": "退款需要五天。"},
    {"_id": "c", "title": "Fees", "text": "  "},
]


def write_lines(path: Path) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), encoding="utf-8")


def write_delimited(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(
            stream, ["_id", "title", "text"], delimiter="\t" if ".tsv" in path.name else ","
        )
        writer.writeheader()
        writer.writerows(ROWS)


def write_parquet(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), path)


def write_document(path: Path) -> None:
    path.write_text("---\ntitle: Plans\n---\nPause a plan, for “now”.\n", encoding="utf-8")


def write_notebook(path: Path) -> None:
    cells = [{"cell_type": "markdown", "source": ["# Plans\n", "\n", "Pause a plan, for “now”."]}]
    path.write_text(
        json.dumps({"cells": cells, "nbformat": 4}, ensure_ascii=False, indent=1), encoding="utf-8"
    )


def write_rst(path: Path) -> None:
    path.write_text("Plans\n=====\n\nPause a plan, for “now”.\n", encoding="utf-8")


def write_page(path: Path) -> None:
    path.write_text("<title>Plans</title>\n<p>Pause a plan, for “now”.</p>\n", encoding="utf-8")


WRITERS: dict[str, Callable[[Path], None]] = {
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), write_lines),
    **dict.fromkeys((".csv", ".tsv"), write_delimited),
    ".parquet": write_parquet,
    **dict.fromkeys((".md", ".markdown", ".mdx", ".txt"), write_document),
    ".ipynb": write_notebook,
    ".rst": write_rst,
    **dict.fromkeys((".html", ".htm", ".xhtml"), write_page),
    ".pdf": documents.write_pdf,
    ".docx": documents.write_docx,
    ".pptx": documents.write_pptx,
    ".epub": documents.write_epub,
}
NEEDS = {".pdf": "pypdf", ".docx": "mammoth", ".pptx": "pptx"}
BINARY = (".parquet", ".pdf", ".docx", ".pptx", ".epub")
TEXTS = [suffix for suffix in READERS if suffix not in BINARY]


def written(folder: Path, suffix: str) -> Path:
    if suffix in NEEDS:
        pytest.importorskip(NEEDS[suffix], reason="needs the extra 'documents'")
    path = folder / f"help{suffix}"
    WRITERS[suffix](path)
    return path


def test_every_reader_is_held_to_this() -> None:
    assert set(WRITERS) == set(READERS)


@pytest.mark.parametrize("suffix", READERS)
def test_gives_id_title_text_and_source(suffix: str, tmp_path: Path) -> None:
    path = written(tmp_path, suffix)
    first, *rest = read_corpus(path)
    document = suffix not in RECORDS
    assert first.id == (path.name if document else "a")
    title = "" if suffix == ".pdf" else "Plans"
    assert (first.title, first.text, first.source) == (title, "Pause a plan, for “now”.", path.name)
    assert [(p.id, p.title, p.text) for p in rest] == (
        [] if document else [("b", "", "退款需要五天。"), ("c", "Fees", "  ")]
    )


@pytest.mark.parametrize("suffix", TEXTS)
def test_packed_files_read_the_same(suffix: str, tmp_path: Path) -> None:
    plain = written(tmp_path, suffix)
    expected = [(p.title, p.text, p.offset) for p in read_corpus(plain)]
    packed = {".gz": gzip.compress(plain.read_bytes()), ".zst": zstandard.compress(plain.read_bytes())}
    for ending, data in packed.items():
        path = tmp_path / f"help{suffix}{ending}"
        path.write_bytes(data)
        assert [(p.title, p.text, p.offset) for p in read_corpus(path)] == expected
        path.write_bytes(data[:-3])
        with pytest.raises(InputError, match="Truncated"):
            list(read_corpus(path))
        path.write_bytes(b"not packed at all")
        with pytest.raises(InputError, match=r"cannot be read"):
            list(read_corpus(path))


@pytest.mark.parametrize("suffix", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be-marked", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(suffix: str, encoding: str, tmp_path: Path) -> None:
    path = written(tmp_path, suffix)
    expected = [(p.title, p.text) for p in read_corpus(path)]
    text = path.read_text("utf-8")
    marked = ("\ufeff" + text).encode("utf-16-be") if encoding.endswith("marked") else text.encode(encoding)
    path.write_bytes(marked)
    assert [(p.title, p.text) for p in read_corpus(path)] == expected


@pytest.mark.parametrize("suffix", TEXTS)
def test_another_encoding_is_named_and_can_be_given(suffix: str, tmp_path: Path) -> None:
    path = written(tmp_path, suffix)
    text = path.read_text("utf-8").replace("退款需要五天。", "Rückerstattungen dauern fünf Tage.")
    path.write_text(text, encoding="utf-8")
    expected = [(p.title, p.text) for p in read_corpus(path)]
    path.write_bytes(text.encode("cp1252"))
    with pytest.raises(InputError, match=r"is not UTF-8.*--encoding cp125") as caught:
        list(read_corpus(path, options=strict()))
    assert caught.value.line == text[: text.index("“now”")].count("\n") + 1
    assert [(p.title, p.text) for p in read_corpus(path, options=ReadOptions(encoding="cp1252"))] == expected


@pytest.mark.parametrize("suffix", TEXTS)
def test_surrogates_are_no_text(suffix: str, tmp_path: Path) -> None:
    path = written(tmp_path, suffix)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Pause", b"\xed\xa0\x80"))
    with pytest.raises(InputError, match="not UTF-8") as caught:
        list(read_corpus(path, options=strict()))
    assert caught.value.file == str(path)
    assert caught.value.line == data[: data.index(b"Pause")].count(b"\n") + 1


@pytest.mark.parametrize("suffix", [*TEXTS, ".parquet"])
def test_nul_characters_are_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"help{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.table({"text": ["fine", "a\0b"]}), path)
    elif WRITERS[suffix] is write_lines:
        path.write_text('{"text": "fine"}\n{"text": "a\\u0000b"}\n')
    else:
        path.write_bytes(b"text\na\0b\n")
    with pytest.raises(InputError) as caught:
        list(read_corpus(path, options=strict()))
    assert caught.value.line == 2
    assert "NUL" in str(caught.value)


@pytest.mark.parametrize("suffix", READERS)
def test_in_a_folder_a_file_that_cannot_be_read_is_noted_and_the_others_are_read(
    suffix: str, tmp_path: Path
) -> None:
    path = written(tmp_path, suffix)
    (tmp_path / "a.txt").write_text("fine")
    path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 2] + b"\xff\x00\xfe")
    options = ReadOptions()
    assert next(iter(read_corpus(tmp_path, options=options))).text == "fine"
    list(read_corpus(tmp_path, options=options))
    assert {note.file for note in options.notes.listed} == {str(path)}
