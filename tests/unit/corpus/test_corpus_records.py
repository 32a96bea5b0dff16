"""Records: JSONL, CSV, TSV, parquet."""

from __future__ import annotations

import gzip
import itertools
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from miner.corpus import parquet, read_corpus
from miner.corpus.options import ReadOptions, strict
from miner.corpus.parquet import read_parquet
from miner.corpus.queries import read_queries
from miner.errors import ConfigError, InputError, MinerError
from miner.storage import files


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def failure(path: Path) -> str:
    with pytest.raises(MinerError) as caught:
        list(read_corpus(path, options=strict()))
    return str(caught.value).replace(str(path), path.name)


def test_contents_and_numbers_and_missing_ids(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "c.jsonl",
        '{"id": 7, "contents": "x"}\n\n{"text": "y", "title": null}\r\n{"_id": "", "text": ""}',
    )
    assert [(p.id, p.text, p.title, p.offset) for p in read_corpus(path)] == [
        ("7", "x", "", 1),
        ("c.jsonl:3", "y", "", 3),
        ("c.jsonl:4", "", "", 4),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"_id": "a"}', "c.jsonl:2: has no text; expected 'text' or 'contents', found _id"),
        ('{"text": null}', "c.jsonl:2: 'text' is null; expected a string"),
        ('{"text": [1]}', "c.jsonl:2: 'text' is a list; expected a string"),
        ('{"text": "a", "title": 3}', "c.jsonl:2: 'title' is a number; expected a string"),
        ('{"text": "a", "_id": true}', "c.jsonl:2: '_id' is a boolean; expected a string or a whole number"),
        ('{"text": "a", "id": 99999999999999999999}', "expected a string or a whole number"),
        ('["text"]', "c.jsonl:2: holds a list; expected a JSON object"),
        ('{"text": "a"', "c.jsonl:2: is not valid JSON"),
        ('{"text": NaN}', "c.jsonl:2: 'text' is a number; expected a string"),
        ('{"text": "\\ud800"}', "c.jsonl:2: is not valid JSON"),
        ("[" * 100_000, "c.jsonl:2: is not valid JSON"),
    ],
)
def test_a_bad_line_is_named(line: str, message: str, tmp_path: Path) -> None:
    assert message in failure(write(tmp_path, "c.jsonl", '{"text": "fine"}\n' + line + "\n"))


def test_a_line_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_LINE", 2**20)
    path = write(tmp_path, "c.jsonl", '{"text": "a"}\n{"text": "' + "x" * 2**20 + '"}\n')
    assert failure(path) == "c.jsonl:2: the line is longer than 1 MiB"


def test_what_swells_beyond_all_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_UNPACKED", 2**20)
    monkeypatch.setattr(files, "MAX_RATIO", 20)
    bomb = tmp_path / "c.jsonl.gz"
    bomb.write_bytes(gzip.compress(b'{"text": "x"}\n' * 100_000))
    assert failure(bomb) == "c.jsonl.gz: unpacks to over 1 MiB; unpack it yourself"
    monkeypatch.setattr(files, "MAX_RATIO", 1000)
    assert sum(1 for _ in read_corpus(bomb)) == 100_000


@pytest.mark.parametrize("name", ["c.jsonl", "c.jsonl.gz", "c.csv", "c.parquet"])
def test_memory_does_not_grow_with_the_file(name: str, tmp_path: Path) -> None:
    path, rows = tmp_path / name, 20_000
    if name.endswith("parquet"):
        pq.write_table(pa.table({"text": ["some words of text"] * rows}), path, row_group_size=5000)
    elif name.endswith("csv"):
        path.write_text("text\n" + "some words of text\n" * rows)
    else:
        data = b'{"text": "some words of text"}\n' * rows
        path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_corpus(path)) == rows
        assert tracemalloc.get_traced_memory()[1] < 3 * 2**20
    finally:
        tracemalloc.stop()


def test_csv_cells_span_lines_and_rows_are_named_by_their_first(tmp_path: Path) -> None:
    path = write(tmp_path, "c.csv", 'id,text,more\r\n1,"a\nb, ""c""",x\r\n\r\n,d,\r\n')
    assert [(p.id, p.text, p.offset) for p in read_corpus(path)] == [
        ("1", 'a\nb, "c"', 2),
        ("c.csv:5", "d", 5),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,text\n1,a\n2,b,c\n", "c.csv:3: has 3 columns; expected 2 as in the header"),
        ("id,text\n1\n", "c.csv:2: has 1 column; expected 2 as in the header"),
        ("text,text\na,b\n", "c.csv:1: names a column twice in its header"),
        ('id,text\n1,"a\nb\n', "c.csv:2: is not a row of cells"),
        ('id,text\n1,"a"b\n', "c.csv:2: is not a row of cells"),
        ("id,words\n1,a\n", "c.csv:2: has no text; expected 'text' or 'contents', found id, words"),
    ],
)
def test_a_bad_row_is_named(text: str, message: str, tmp_path: Path) -> None:
    assert message in failure(write(tmp_path, "c.csv", text))


def test_long_cells_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "c.csv", f"text\n{'x' * 200_000}\n")
    assert [len(p.text) for p in read_corpus(path)] == [200_000]


def test_parquet_ids_may_be_numbers_and_texts_dictionaries(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    table = pa.table({"id": [1, 2], "text": pa.array(["a", "a"]).dictionary_encode(), "extra": [[1], []]})
    pq.write_table(table, path)
    assert [(p.id, p.text, p.offset) for p in read_corpus(path)] == [("1", "a", 1), ("2", "a", 2)]


def test_parquet_rows_go_on_counting_over_batches(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"text": [*map(str, range(3000)), None]}), path)
    assert failure(path) == "c.parquet:3001: 'text' is null; expected a string"


@pytest.mark.parametrize("keep", [0, 3, 100, -10])
def test_a_cut_parquet_is_named(keep: int, tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"text": ["a", "b"]}), path)
    path.write_bytes(path.read_bytes()[:keep])
    assert failure(path).startswith("c.parquet: is not a readable parquet file")


def test_parquet_without_a_known_column_or_of_bytes(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"words": ["a"]}), path)
    assert failure(path) == "c.parquet: has the columns words; expected text or query"
    pq.write_table(pa.table({"text": [b"a"]}), path)
    assert failure(path) == "c.parquet:1: 'text' is bytes; expected a string"
    raw = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff")]
    )
    pq.write_table(pa.table({"text": raw}), path)
    assert "c.parquet:1: cannot be read further" in failure(path)


def test_a_missing_or_foreign_file_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file or folder"):
        read_corpus(tmp_path / "none")
    with pytest.raises(ConfigError, match=r"nothing to read; expected files that end in \.jsonl"):
        list(read_corpus(write(tmp_path, "c.doc", "a")))
    packed = tmp_path / "c.parquet.gz"
    packed.write_bytes(b"")
    with pytest.raises(ConfigError, match="nothing to read"):
        list(read_corpus(packed))


def repeated(text: str, rows: int) -> Any:
    """A column of one text, which the file holds once."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([text]))


def test_a_parquet_file_of_one_long_text_in_many_rows_is_read_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"text": repeated("x" * 2**21, 2000)}), path)
    assert path.stat().st_size < 2**20
    before = pa.total_allocated_bytes()
    rows = read_parquet(path, ReadOptions())
    assert [len(row["text"]) for _, row in itertools.islice(rows, 3)] == [2**21] * 3
    assert pa.total_allocated_bytes() - before < 2**25


def test_a_parquet_row_longer_than_a_line_may_be_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    passages = pa.ListArray.from_arrays(pa.array([0, 40], pa.int32()), repeated("x" * 2**21, 40))
    pq.write_table(pa.table({"query": ["q"], "relevant_passages": passages}), path)
    with pytest.raises(InputError, match=r"c\.parquet:1: the row is longer than 64 MiB"):
        list(read_parquet(path, ReadOptions()))


def test_a_parquet_row_group_beyond_all_measure_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "MAX_UNPACKED", 2**20)
    monkeypatch.setattr(parquet, "MAX_RATIO", 100)
    numbers = pa.ListArray.from_arrays(pa.array([0, 10**6], pa.int32()), pa.array([0] * 10**6, pa.int8()))
    pq.write_table(pa.table({"query": ["q"], "relevant_ids": numbers}), tmp_path / "c.parquet")
    with pytest.raises(InputError, match=r"c\.parquet: row group 1 unpacks to over 1 MiB"):
        list(read_parquet(tmp_path / "c.parquet", ReadOptions()))


@pytest.mark.parametrize("place", [20, 36])
def test_a_footer_that_would_end_the_process_is_refused(tmp_path: Path, place: int) -> None:
    """Found by fuzzing: Arrow aborts where the histogram of a column's levels has another length."""
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"query": ["q"], "relevant_ids": [["a"]]}), path)
    broken = bytearray(path.read_bytes())
    broken[len(broken) - 8 - int.from_bytes(broken[-8:-4], "little") + place] += 16
    path.write_bytes(broken)
    with pytest.raises(InputError, match=r"c\.parquet: is not a readable parquet file"):
        list(read_parquet(path, ReadOptions()))


@pytest.mark.parametrize("rows", [1, 7, 16, 100])
def test_lists_of_texts_are_read_over_several_row_groups(rows: int, tmp_path: Path) -> None:
    found = [
        {"query": f"q{n}", "relevant_passages": [f"p{n}", "p"], "hard_negatives": [f"n{n % 3}"]}
        for n in range(60)
    ]
    pq.write_table(pa.Table.from_pylist(found), tmp_path / "c.parquet", row_group_size=rows)
    queries = read_queries(tmp_path / "c.parquet")
    assert [list(query.relevant_passages) for query in queries] == [row["relevant_passages"] for row in found]
    assert [list(query.hard_negatives) for query in queries] == [row["hard_negatives"] for row in found]


@pytest.mark.parametrize("indent", [None, 2])
def test_json_may_hold_records_by_their_ids(indent: int | None, tmp_path: Path) -> None:
    records = {"d1": {"title": "T", "text": "a"}, "d2": {"text": "b"}}
    path = write(tmp_path, "c.json", json.dumps(records, indent=indent))
    assert [(each.id, each.title, each.text) for each in read_corpus(path)] == [
        ("d1", "T", "a"),
        ("d2", "", "b"),
    ]
