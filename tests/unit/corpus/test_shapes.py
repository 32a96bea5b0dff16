"""Queries in any usual shape, judgments with holes, one query in many rows."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from miner.corpus.columns import Columns
from miner.corpus.options import ReadOptions
from miner.corpus.queries import query_key, read_queries
from miner.corpus.shapes import SHAPES, RecordShape
from miner.data import Query
from miner.errors import InputError
from miner.formats.reading import read_any

ASKED = ("How long?", ("Five days.",))


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def known(query: Query) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    return query.text, query.relevant_passages, query.hard_negatives


@pytest.mark.parametrize(
    "shape", [shape for shape in SHAPES if shape.name != "ids"], ids=lambda shape: shape.name
)
@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet"])
def test_every_shape_is_recognised(shape: RecordShape, suffix: str, tmp_path: Path) -> None:
    path, options = tmp_path / f"q{suffix}", ReadOptions()
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([dict(shape.example)]), path)
    else:
        path.write_text(json.dumps([shape.example] if suffix == ".json" else shape.example))
    (query,) = read_queries(path, options=options)
    assert query.text == "How long?"
    assert all(text.endswith("Five days.") for text in query.relevant_passages)
    assert [row.query for _, row in read_any(path, ReadOptions())] == ["How long?"]
    assert bool(options.notes.told) == (shape.name != "cohere")


@pytest.mark.parametrize(
    ("record", "columns"),
    [
        ({"question": "How long?", "positive": "Five days."}, None),
        ({"anchor": "How long?", "positive": ["Five days."]}, None),
        ({"search_query": "How long?", "document": "Five days."}, None),
        ({"Question": "How long?", "Answer": "Five days."}, None),
        ({"Frage": "How long?", "Antwort": "Five days."}, "query=Frage,relevant_passages=Antwort"),
        ({"q": "How long?", "d": "Five days.", "Score": 1}, "query=q,relevant_passages=d,label=Score"),
        ({"sentence1": "How long?", "sentence2": "Five days.", "score": 0.9}, None),
        (["How long?", "Five days."], None),
    ],
)
def test_common_names_are_known_and_others_named(record: Any, columns: str | None, tmp_path: Path) -> None:
    options = ReadOptions(columns=Columns.parse(columns))
    (query,) = read_queries(lines(tmp_path / "q.jsonl", record), options=options)
    assert known(query) == (*ASKED, ())


def test_columns_that_are_no_texts_are_never_taken_for_some(tmp_path: Path) -> None:
    row = {
        "anchor": "How long?",
        "positive": "Five days.",
        "negative_1": "No.",
        "negative_source": "bm25",
        "split": "train",
    }
    blank = {"negative_2": None, "negative_3": ""}
    (query,) = read_queries(lines(tmp_path / "q.jsonl", row | blank))
    assert known(query) == (*ASKED, ("No.",))


def test_labelled_rows_of_one_query_come_together(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text("query,passage,label\nq,a,1\nq,b,0\nq,c,0.3\nr,d,0\n")
    options = ReadOptions()
    assert list(map(known, read_queries(path, options=options))) == [("q", ("a",), ("b",))]
    assert [note.line for note in options.notes.listed] == [5]


@pytest.mark.parametrize(
    "table", ["question;answer\nHow long?;Five days.\n", "question,answer,\nHow long?,Five days.,\n"]
)
def test_csv_of_plain_cells(table: str, tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("\ufeff" + table, encoding="utf-8")
    assert list(map(known, read_queries(tmp_path / "q.csv"))) == [(*ASKED, ())]


@pytest.mark.parametrize("cell", ['["a", "b"]', "['a', 'b']"])
def test_lists_in_cells_may_be_python_s(cell: str, tmp_path: Path) -> None:
    quoted = cell.replace('"', '""')
    (tmp_path / "q.csv").write_text(f'query,relevant_passages\nx,"{quoted}"\n')
    assert read_queries(tmp_path / "q.csv")[0].relevant_passages == ("a", "b")


def test_triples_without_a_header(tmp_path: Path) -> None:
    (tmp_path / "triples.tsv").write_text(
        "how long does it take\tFive days.\tNo.\nwhy is the sky blue\tLight.\tNever.\n"
    )
    assert list(map(known, read_queries(tmp_path / "triples.tsv"))) == [
        ("how long does it take", ("Five days.",), ("No.",)),
        ("why is the sky blue", ("Light.",), ("Never.",)),
    ]


def test_what_is_no_shape_is_refused_with_what_was_found(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("plan,price\nbasic,3\n")
    with pytest.raises(InputError, match=r"found plan, price; expected columns such as question and answer"):
        read_queries(tmp_path / "p.csv")


def marco(folder: Path, qrels: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "collection.tsv").write_text("0\tThe first passage of all\n1\tThe second passage\n")
    (folder / "queries.dev.tsv").write_text("7\twhat comes first\n8\twhat comes second\n")
    (folder / "qrels.dev.tsv").write_text(qrels)
    return folder


@pytest.mark.parametrize(
    "qrels", ["7\t0\t0\t1\n8\t0\t1\t1\n", "7 0 0 1\n8 0 1 1\n", "7\t0\t1\n8\t1\t1\n", "7 0 1\n8 1 1\n"]
)
def test_ms_marco_s_files(qrels: str, tmp_path: Path) -> None:
    folder = marco(tmp_path / "m", qrels)
    for split in (None, "dev"):
        assert [(q.text, q.relevant_ids) for q in read_queries(folder, split=split)] == [
            ("what comes first", ("0",)),
            ("what comes second", ("1",)),
        ]
    rows = [(row.query, row.relevant_passages) for _, row in read_any(folder, ReadOptions())]
    assert rows[0] == ("what comes first", ("The first passage of all",))


def test_judgments_with_holes_are_used_where_they_can_be(tmp_path: Path) -> None:
    folder, options = marco(tmp_path / "m", "7 0 1\n7 0 1\n9 1 1\n8 1 0\n7 x\n8 nothing 1\n"), ReadOptions()
    found = read_queries(folder, options=options)
    assert [(q.text, q.relevant_ids) for q in found] == [
        ("what comes first", ("0",)),
        ("what comes second", ("nothing",)),
    ]
    assert sorted(note.line or 0 for note in options.notes.listed) == [3, 5]
    rows = list(read_any(folder, ReadOptions()))
    assert [row.query for _, row in rows] == ["what comes first"]


def test_a_hub_s_folders_of_parquet(tmp_path: Path) -> None:
    tables = {
        "corpus/corpus-00000-of-00001": {"_id": ["d1", "d2"], "text": ["a", "b"]},
        "queries/queries-00000-of-00001": {"_id": ["q1", "q2"], "text": ["x", "y"]},
        "qrels/test-00000-of-00001": {"query-id": ["q1"], "corpus-id": ["d2"], "score": [1]},
        "qrels/train-00000-of-00001": {"query-id": ["q2"], "corpus-id": ["d1"], "score": [1]},
    }
    for name, table in tables.items():
        path = tmp_path / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table(table), path)
    assert [(q.text, q.relevant_ids) for q in read_queries(tmp_path, split="test")] == [("x", ("d2",))]
    assert len(read_queries(tmp_path)) == 2


@pytest.mark.parametrize("twin", ["how long", "How  long??", "HOW LONG!", "Ｈow long。"])
def test_queries_in_another_dress_share_what_answers_them(twin: str, tmp_path: Path) -> None:
    rows = [
        {"query": "How long?", "relevant_passages": ["a"], "hard_negatives": ["b", "n"]},
        {"query": twin, "relevant_passages": ["b"], "hard_negatives": ["a"]},
        {"query": "How short?", "relevant_passages": ["c"]},
    ]
    assert query_key(twin) == query_key("How long?")
    assert list(map(known, read_queries(lines(tmp_path / "q.jsonl", *rows)))) == [
        ("How long?", ("a", "b"), ("n",)),
        (twin, ("b", "a"), ()),
        ("How short?", ("c",), ()),
    ]


def saved(folder: Path) -> bytes:
    """A saved data set of one file; its bytes."""
    folder.mkdir()
    table = pa.table({"anchor": ["how long", "how much"], "positive": ["five days", "five euros"]})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    (folder / "state.json").write_text('{"_data_files": [{"filename": "rows.arrow"}]}')
    (folder / "rows.arrow").write_bytes(sink.getvalue())
    return sink.getvalue()


def test_a_damaged_saved_data_set_is_refused_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    whole = saved(folder)
    assert [query.text for query in read_queries(folder)] == ["how long", "how much"]
    offset = whole.index(b"five days") - 8 * 2
    for damaged in (
        whole[: len(whole) // 2],
        whole[:offset] + b"\xff\x7f\xff\x7f" * 2 + whole[offset + 8 :],
        b"",
    ):
        (folder / "rows.arrow").write_bytes(damaged)
        with pytest.raises(InputError, match=r"rows\.arrow: cannot be read|holds no queries"):
            read_queries(folder)


@pytest.mark.parametrize("state", ["[]", '{"_data_files": 3}', '{"_data_files": ["x"]}', "{"])
def test_a_state_that_is_none_is_refused_by_name(state: str, tmp_path: Path) -> None:
    saved(tmp_path / "set")
    (tmp_path / "set" / "state.json").write_text(state)
    with pytest.raises(InputError, match=r"state\.json: "):
        read_queries(tmp_path / "set")
