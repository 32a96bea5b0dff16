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
from miner.errors import InputError

ROWS = [
    {"_id": "a", "title": "Plans", "text": "Pause a plan, for “now”."},
    {"_id": "b", "title": "", "text": "退款需要五天。"},
    {"_id": "c", "title": "Fees", "text": "  "},
]


def write_jsonl(path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")


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


WRITERS: dict[str, Callable[[Path], None]] = {
    ".jsonl": write_jsonl,
    ".csv": write_delimited,
    ".tsv": write_delimited,
    ".parquet": write_parquet,
    ".md": write_document,
    ".markdown": write_document,
    ".txt": write_document,
}
TEXTS = [suffix for suffix in READERS if suffix != ".parquet"]


@pytest.mark.parametrize("suffix", READERS)
def test_gives_id_title_text_and_source(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"help{suffix}"
    WRITERS[suffix](path)
    first, *rest = read_corpus(path)
    document = WRITERS[suffix] is write_document
    assert first.id == (path.name if document else "a")
    assert (first.title, first.text, first.source) == ("Plans", "Pause a plan, for “now”.", path.name)
    assert [(p.id, p.title, p.text) for p in rest] == (
        [] if document else [("b", "", "退款需要五天。"), ("c", "Fees", "  ")]
    )


@pytest.mark.parametrize("suffix", TEXTS)
def test_packed_files_read_the_same(suffix: str, tmp_path: Path) -> None:
    plain = tmp_path / f"help{suffix}"
    WRITERS[suffix](plain)
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
@pytest.mark.parametrize(
    ("damage", "line", "message"),
    [
        (lambda data: b"\xef\xbb\xbf" + data, 1, "byte order mark"),
        (lambda data: data.replace(b"Pause", b"\xff\xfe"), 0, "not UTF-8"),
        (lambda data: data.replace(b"Pause", b"\xed\xa0\x80"), 0, "not UTF-8"),
    ],
    ids=["bom", "bytes", "surrogate"],
)
def test_damaged_text_is_named_with_its_line(
    suffix: str, damage: Callable[[bytes], bytes], line: int, message: str, tmp_path: Path
) -> None:
    path = tmp_path / f"help{suffix}"
    WRITERS[suffix](path)
    data = path.read_bytes()
    path.write_bytes(damage(data))
    with pytest.raises(InputError, match=message) as caught:
        list(read_corpus(path))
    assert caught.value.file == str(path)
    assert caught.value.line == (line or data[: data.index(b"Pause")].count(b"\n") + 1)


@pytest.mark.parametrize("suffix", READERS)
def test_nul_characters_are_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"help{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.table({"text": ["fine", "a\0b"]}), path)
    elif suffix == ".jsonl":
        path.write_text('{"text": "fine"}\n{"text": "a\\u0000b"}\n')
    else:
        path.write_bytes(b"text\na\0b\n")
    with pytest.raises(InputError) as caught:
        list(read_corpus(path))
    assert caught.value.line == 2
    assert "NUL" in str(caught.value)
