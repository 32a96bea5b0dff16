"""Whatever bytes a file holds, a reader reads it or raises a MinerError."""

from __future__ import annotations

import collections
import gzip
import io
import itertools
import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from miner.corpus import READERS, read_corpus
from miner.corpus.chunk import Chunker, estimate
from miner.corpus.html import outline as html_outline
from miner.corpus.markdown import outline
from miner.corpus.notes import Notes
from miner.corpus.plain import outline as plain_outline
from miner.corpus.queries import queries_from, read_queries
from miner.corpus.rst import outline as rst_outline
from miner.corpus.shapes import SHAPES, RecordShape
from miner.data import Query
from miner.errors import MinerError
from tests.support import documents

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def parquet() -> bytes:
    sink = io.BytesIO()
    columns = {
        "_id": ["a", "b"],
        "text": ["x", "y"],
        "query": ["q", "r"],
        "relevant_ids": [["a"], ["b", "c"]],
    }
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def made(write: Callable[[Path], None]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "f")
        return (Path(folder) / "f").read_bytes()


ROWS = [{"_id": "a", "text": "x", "query": "q", "relevant_passages": ["é", "\n"], "relevant_ids": ["1"]}] * 3
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
CSV = b'id,text,query,relevant_ids\n1,"a ""b""\nc",q,"[""x""]"\n2,d,r,[1]\n'
DOCUMENT = (
    "---\ntitle: T\nx: [1, {a: &b c, d: *b}]\n---\n# H\n\ntext é\n\n```py\ncode\n```\n\n- a\n  - b\n\n> q\n"
).encode()
CELLS = [
    {"cell_type": "markdown", "source": ["# H\n", "text"]},
    {"cell_type": "code", "source": "x = 1", "outputs": []},
]
SEEDS = {
    ".jsonl": LINES,
    ".jsonl.gz": gzip.compress(LINES),
    ".jsonl.zst": zstandard.compress(LINES),
    ".csv": CSV,
    ".tsv": CSV.replace(b",", b"\t"),
    ".parquet": parquet(),
    ".md": DOCUMENT,
    ".txt.gz": gzip.compress(DOCUMENT),
    ".txt": DOCUMENT,
    ".ndjson": LINES,
    ".json": json.dumps(ROWS, indent=1).encode(),
    ".mdx": b"import x from 'y'\n\n{/* c */}\n\n# A\n\n<A b={c}>\ntext\n</A>\n",
    ".ipynb": json.dumps({"cells": CELLS}).encode(),
    ".rst": b".. _a:\n\nT\n=\n\ntext :ref:`a <b>`\n\nU\n--\n\n.. image:: x\n   :alt: y\n\nmore\n",
    ".html": b"<html><head><meta charset=utf-8><title>T</title></head><nav>n</nav><h1>A</h1><p>x &amp; y<h2>B</h2>z",
    ".pdf": made(documents.write_pdf),
    ".docx": made(documents.write_docx),
    ".pptx": made(documents.write_pptx),
    ".epub": made(documents.write_epub),
}
NEEDS = {".pdf": "pypdf", ".docx": "mammoth", ".pptx": "pptx"}
BROKEN = (
    rb"""\ud800 --- --- 1e999 NaN null " { } , ![]( ` ``` # <<: &a[*a] !!python/object:os.system ~ \n \t"""
).split()
PIECES = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [*BROKEN, b"\0", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xff", b"\r", b"\n", b"\t", b"---\n"]
    ),
    st.sampled_from([b"[" * 1000, b"> " * 50, b"- " * 50, "\u202e\u200b\u0301\u2028".encode()]),
)


@st.composite
def mutated(draw: st.DrawFn, seed: bytes) -> bytes:
    data = bytearray(seed)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 1, 2, 8, 10**6])))
        data[start:end] = draw(PIECES)
    return bytes(data)


def complaint(read: Callable[[], Iterable[object]]) -> str:
    """What a reader says against its input; any error but a MinerError fails the test."""
    try:
        collections.deque(read(), maxlen=0)
    except MinerError as error:
        return str(error)
    return ""


def survives(name: str, data: bytes) -> None:
    if (suffix := Path(name).suffix) in NEEDS:
        pytest.importorskip(NEEDS[suffix], reason="needs the extra 'documents'")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        for said in (complaint(lambda: read_corpus(path)), complaint(lambda: read_queries(path))):
            assert not said or said.startswith(str(path))


@pytest.mark.parametrize("suffix", [suffix for suffix in SEEDS if suffix != ".parquet"])
@QUICK
@given(st.data())
def test_mutated_files(suffix: str, data: st.DataObject) -> None:
    survives(f"f{suffix}", data.draw(mutated(SEEDS[suffix])))


@settings(QUICK, max_examples=12)
@given(st.data())
def test_mutated_parquet(data: st.DataObject) -> None:
    """Few: each footer is looked at in a process of its own."""
    survives("f.parquet", data.draw(mutated(SEEDS[".parquet"])))


@pytest.mark.parametrize("suffix", READERS)
@QUICK
@given(st.binary(max_size=400))
def test_random_bytes(suffix: str, data: bytes) -> None:
    survives(f"f{suffix}", data)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
@settings(QUICK, max_examples=25)
@given(st.data())
def test_mutated_queries_of_every_shape(shape: RecordShape, data: st.DataObject) -> None:
    survives("f.jsonl", data.draw(mutated(json.dumps(shape.example).encode() + b"\n")))


@QUICK
@given(
    mutated(b"query-id\tcorpus-id\tscore\na\td\t1\n"),
    mutated(b'{"_id": "a", "text": "x"}\n{"_id": "b", "text": ""}\n'),
)
def test_mutated_beir_folders(qrels: bytes, queries: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "qrels.tsv").write_bytes(qrels)
        (Path(folder) / "queries.jsonl").write_bytes(queries)
        said = complaint(lambda: read_queries(folder))
        assert not said or said.startswith(folder)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
keys = st.sampled_from(["query", "relevant_passages", "relevant_ids", "hard_negatives", "_id"])


@QUICK
@given(st.lists(st.dictionaries(keys, json_values, max_size=4), max_size=3))
def test_rows_of_any_values(rows: list[dict[str, object]]) -> None:
    found: list[Query] = []
    said = complaint(lambda: found.__iadd__(queries_from(rows)))
    assert not said or said.startswith("row:")
    for query in found:
        assert query.text.strip()
        assert query.relevant_passages or query.relevant_ids
        assert "".join([query.text, *query.relevant_passages, *query.hard_negatives]).encode()


BLOCKS = [
    "# ",
    "## A\n",
    "\n\n",
    "\n",
    "```\n",
    "~~~\n",
    "- ",
    "  ",
    "    ",
    "> ",
    "1. ",
    "|a|b|\n|-|-|\n",
    "===\n",
]
TEXTS = ["word ", "A sentence. ", "长句子。", "<div>\n", "[a]: b\n", "*", "`", "---\n"]
SPACES = ["\r\n", "\r", "\x0b", "\x0c", "\u2028", "\t"]
marked = st.lists(st.sampled_from([*BLOCKS, *TEXTS, *SPACES]), max_size=60).map(
    lambda parts: "\n" + "".join(parts)
)


@settings(QUICK, max_examples=150)
@given(marked, st.integers(8, 30))
@example("\n- \n\n\n  a", 8)
def test_passages_are_slices_that_lose_nothing_and_fit(text: str, room: int) -> None:
    for outlined in (outline, plain_outline, rst_outline, html_outline):
        sections = outlined(text, Path("d"), Notes())
        assert all(a.end <= b.start for a, b in itertools.pairwise(sections))
        for section in sections:
            spans = list(Chunker(room).spans(text, section))
            kept = "".join(text[a:b] for a, b in spans)
            assert "".join(kept.split()) == "".join(text[section.start : section.end].split())
            budget = max(room - (estimate([f"{section.title}\n"])[0] if section.title else 0), room // 2)
            for start, end in spans:
                assert text[start:end] == text[start:end].strip() != ""
                assert estimate([text[start:end]])[0] <= budget


@QUICK
@given(marked)
def test_headings_are_the_only_text_outside_sections(text: str) -> None:
    sections = outline(text, Path("d"), Notes())
    inside = sum(section.end - section.start for section in sections)
    between = [text[a.end : b.start] for a, b in itertools.pairwise(sections)]
    assert inside + sum(map(len, between)) == len(text) - sections[0].start
    assert all(gap.strip() for gap in between)
