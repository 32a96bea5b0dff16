"""Queries from files, BEIR folders and dicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from miner.corpus.options import strict
from miner.corpus.queries import queries_from, read_queries
from miner.data import Query
from miner.errors import ConfigError, InputError, MinerError


def lines(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rows_of_one_query_are_one_query(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "q.jsonl",
        {"_id": 1, "query": "how to pause", "relevant_passages": ["b", "a"], "hard_negatives": ["n", ""]},
        {"query": "refund?", "relevant_ids": [7, "x"], "note": {"any": "thing"}},
        {
            "query": "how to pause",
            "relevant_passages": ["a", "c"],
            "relevant_ids": ["x"],
            "hard_negatives": None,
        },
    )
    assert read_queries(path) == [
        Query("how to pause", ("b", "a", "c"), ("x",), ("n",), f"{path}:1"),
        Query("refund?", (), ("7", "x"), (), f"{path}:2"),
    ]


def test_delimited_lists_are_json_arrays(tmp_path: Path) -> None:
    for name, tab in (("q.csv", ","), ("q.tsv", "\t")):
        path = tmp_path / name
        cells = ['"[""a"", ""b""]"', "", '"[1]"']
        path.write_text(
            tab.join(["query", "relevant_passages", "relevant_ids", "hard_negatives"])
            + "\n"
            + tab.join(["why", cells[0], cells[1], ""])
            + "\n"
            + tab.join(["who", "", cells[2], ""])
            + "\n"
        )
        assert read_queries(path) == [
            Query("why", ("a", "b"), place=f"{path}:2"),
            Query("who", (), ("1",), place=f"{path}:3"),
        ]
        path.write_text(f"query{tab}relevant_ids\nwhy{tab}a\n")
        assert read_queries(path) == [Query("why", (), ("a",), place=f"{path}:2")]


def test_parquet_lists(tmp_path: Path) -> None:
    path = tmp_path / "q.parquet"
    pq.write_table(
        pa.table({"query": ["a", "b"], "relevant_passages": [["x", "y"], None], "relevant_ids": [[], [3]]}),
        path,
    )
    assert read_queries(path) == [
        Query("a", ("x", "y"), place=f"{path}:1"),
        Query("b", (), ("3",), place=f"{path}:2"),
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"relevant_passages": ["a"]}, "has no 'query'; found relevant_passages"),
        ({"query": 3, "relevant_passages": ["a"]}, "'query' is a number; expected a string"),
        ({"query": " \n", "relevant_passages": ["a"]}, "'query' is blank; expected text"),
        ({"query": "q", "relevant_passages": 3}, "'relevant_passages' is a number; expected a string"),
        ({"query": "q", "relevant_passages": {"a": 1}}, "'relevant_passages' is an object without a text"),
        (
            {"query": "q", "relevant_passages": ["a", 1]},
            "'relevant_passages[1]' is a number; expected a string",
        ),
        ({"query": "q", "relevant_passages": ["a", " "]}, "'relevant_passages' holds a blank passage"),
        (
            {"query": "q", "relevant_ids": [1.5]},
            "'relevant_ids' is a number; expected a string or a whole",
        ),
        ({"query": "q", "relevant_ids": ["a"], "hard_negatives": 1}, "'hard_negatives' is a number"),
        ({"query": "q", "likes": ["a"]}, "has no relevant passage"),
        ({"query": "q", "relevant_passages": []}, "has no relevant passage"),
        ({"query": "q\0", "relevant_passages": ["a"]}, "'query' holds a NUL character"),
    ],
)
def test_a_bad_row_is_named(row: dict[str, Any], message: str, tmp_path: Path) -> None:
    good = {"query": "fine", "relevant_ids": ["a"]}
    path = lines(tmp_path / "q.jsonl", good | {"relevant_passages": [], "hard_negatives": []}, row)
    with pytest.raises(InputError) as caught:
        read_queries(path, options=strict())
    assert str(caught.value).startswith(f"{path}:2: {message}")
    with pytest.raises(InputError) as caught:
        queries_from([good, row])
    assert str(caught.value).startswith(f"row:2: {message}")


def test_dicts_may_hold_tuples_and_are_checked_for_lone_surrogates() -> None:
    assert queries_from([{"query": "q", "relevant_passages": ("a",)}]) == [Query("q", ("a",), place="row:1")]
    with pytest.raises(InputError, match=r"row:1: 'relevant_passages' holds a lone surrogate"):
        queries_from([{"query": "q", "relevant_passages": ["\ud800"]}])


def beir(folder: Path, **qrels: str) -> Path:
    lines(folder / "corpus.jsonl", {"_id": "d1", "text": "x"})
    queries = [{"_id": "q1", "text": "one"}, {"_id": 2, "text": "two"}, {"_id": "q3", "text": "one"}]
    lines(folder / "queries.jsonl", *queries)
    for name, text in qrels.items():
        path = folder / ("qrels.tsv" if name == "plain" else f"qrels/{name}.tsv")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


HEADER = "query-id\tcorpus-id\tscore\n"


@pytest.mark.parametrize("header", ["", HEADER])
def test_scores_above_zero_are_relevant(header: str, tmp_path: Path) -> None:
    folder = beir(tmp_path, plain=header + "2\td2\t1\nq1\td1\t2\nq3\td3\t1\nq1\td4\t0\r\nq1\td5\t-1\n")
    assert read_queries(folder) == [
        Query("one", (), ("d1", "d3"), place=f"{folder}/queries.jsonl:1"),
        Query("two", (), ("d2",), place=f"{folder}/queries.jsonl:2"),
    ]
    strict = read_queries(folder, min_grade=2)
    assert [query.relevant_ids for query in strict] == [("d1",)]
    assert strict.skipped == 1


def test_one_split_or_all(tmp_path: Path) -> None:
    folder = beir(tmp_path, train=HEADER + "q1\td1\t1\n", test=HEADER + "2\td2\t1\n")
    assert [query.text for query in read_queries(folder)] == ["one", "two"]
    test = read_queries(folder, split="test")
    assert ([query.text for query in test], test.skipped) == (["two"], 1)
    with pytest.raises(ConfigError, match="has no split 'dev'; found test, train"):
        read_queries(folder, split="dev")


@pytest.mark.parametrize(
    ("qrels", "message"),
    [
        ("q1 d1\n", "qrels.tsv:1: is not a judgment"),
        ("q1\td1\t1\n\nq1\td1\tx\n", "qrels.tsv:3: has the score 'x'; expected a number"),
        ("q1\td1\t1\nq1\td1\tnan\n", "qrels.tsv:2: has the score 'nan'"),
        ("q9\td1\t1\n", "qrels.tsv:1: names the query 'q9', which is not there"),
        ("q1\td1\t0\n", "qrels.tsv: judges nothing relevant"),
    ],
)
def test_bad_judgments_are_named(qrels: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_queries(beir(tmp_path, plain=qrels), options=strict())
    assert str(caught.value).startswith(f"{tmp_path}/{message}")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"_id": "q1", "text": "other"}, "has the id 'q1' of line 1 with another text"),
        ({"text": "other"}, "has no '_id'; found text"),
        ({"_id": "q9", "text": ""}, "'text' is blank"),
        ({"_id": "q9"}, "'text' is null; expected a string"),
    ],
)
def test_bad_queries_of_a_beir_folder_are_named(row: dict[str, Any], message: str, tmp_path: Path) -> None:
    folder = beir(tmp_path, plain="q1\td1\t1\n")
    lines(folder / "queries.jsonl", {"_id": "q1", "text": "one"}, row)
    with pytest.raises(InputError) as caught:
        read_queries(folder, options=strict())
    assert str(caught.value).startswith(f"{folder}/queries.jsonl:2: {message}")


def test_misuse(tmp_path: Path) -> None:
    for path, message in [
        (tmp_path / "none.jsonl", "no such file"),
        (tmp_path / "none.jsnl", "no such file"),
        (tmp_path, r"holds no queries; expected queries and qrels \(BEIR"),
    ]:
        with pytest.raises(ConfigError, match=message):
            read_queries(path)
    (tmp_path / "q.doc").touch()
    with pytest.raises(ConfigError, match="not a file of queries"):
        read_queries(tmp_path / "q.doc")
    with pytest.raises(ConfigError, match="needs a BEIR folder"):
        read_queries(tmp_path / "q.jsonl", split="test")
    empty = lines(tmp_path / "empty.jsonl")
    with pytest.raises(MinerError, match="holds no queries"):
        read_queries(empty)


def test_the_queries_of_a_folder_alone_bring_the_folder(tmp_path: Path) -> None:
    folder = beir(tmp_path, test="q1\td1\t1\n")
    with pytest.raises(InputError, match=f"name the folder, {folder}$"):
        read_queries(folder / "queries.jsonl")
