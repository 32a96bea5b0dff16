"""Passages and queries out of what Python has: every kind of data gives the same, and mistakes are one sentence."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from miner.corpus.objects import passages_in, queries_in
from miner.data import Passage, Query
from miner.errors import ConfigError, InputError

datasets = pytest.importorskip("datasets", reason="the extra 'train' is not installed")
pandas = pytest.importorskip("pandas", reason="the extra 'pandas' is not installed")
polars = pytest.importorskip("polars", reason="the extra 'polars' is not installed")

RECORDS = [{"id": f"d{i}", "title": f"T{i}", "text": f"text {i}"} for i in range(5)]
PASSAGES = [(f"d{i}", f"T{i}", f"text {i}") for i in range(5)]
COLUMNS = {name: [record[name] for record in RECORDS] for name in RECORDS[0]}
ASKED = [{"question": f"q{i // 2}", "answer": f"a{i}", "other": i} for i in range(4)]
ANSWERED = [("q0", ("a0", "a1")), ("q1", ("a2", "a3"))]


def kinds(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The same records in every kind of data."""
    table = pa.Table.from_pylist(records)
    return {
        "dicts": records,
        "a generator": (record for record in records),
        "a dict of columns": {name: [record[name] for record in records] for name in records[0]},
        "a Dataset": datasets.Dataset.from_list(records),
        "a Dataset that gives arrays": datasets.Dataset.from_list(records).with_format("numpy"),
        "an IterableDataset": datasets.Dataset.from_list(records).to_iterable_dataset(),
        "a DatasetDict of one split": datasets.DatasetDict(train=datasets.Dataset.from_list(records)),
        "a pandas frame": pandas.DataFrame(records),
        "a pandas frame with an index": pandas.DataFrame(records).set_index(next(iter(records[0]))),
        "a polars frame": polars.DataFrame(records),
        "a polars LazyFrame": polars.DataFrame(records).lazy(),
        "an Arrow table": table,
        "Arrow batches": pa.RecordBatchReader.from_batches(table.schema, table.to_batches()),
    }


@pytest.mark.parametrize("kind", kinds(RECORDS))
def test_every_kind_of_data_gives_the_same_passages(kind: str) -> None:
    found = [(each.id, each.title, each.text) for each in passages_in(kinds(RECORDS)[kind])]
    assert found == PASSAGES


@pytest.mark.parametrize("kind", kinds(ASKED))
def test_every_kind_of_data_gives_the_same_queries(kind: str) -> None:
    queries = queries_in(kinds(ASKED)[kind])
    assert [(each.text, each.relevant_passages) for each in queries] == ANSWERED
    assert queries.rows == ["q0", "q0", "q1", "q1"]


@pytest.mark.parametrize("texts", [
    ["a", "b"], ("a", "b"), iter(["a", "b"]), np.array(["a", "b"]), pandas.Series(["a", "b"]),
    polars.Series(["a", "b"]), pa.array(["a", "b"]), pa.chunked_array([["a"], ["b"]]), {"a": 1, "b": 2}.keys(),
])  # fmt: skip
def test_texts_alone_are_passages_named_by_their_number(texts: Any) -> None:
    assert [(each.id, each.text) for each in passages_in(texts)] == [("1", "a"), ("2", "b")]


def test_passages_may_be_named_by_the_keys_of_a_dict() -> None:
    found = passages_in({"d1": {"title": "T", "text": "a"}, "d2": {"text": "b"}})
    assert [(each.id, each.title, each.text) for each in found] == [("d1", "T", "a"), ("d2", "", "b")]


@dataclass
class Document:
    """As LangChain's."""

    page_content: str
    metadata: dict[str, Any] = field(default_factory=dict)
    id: str | None = None


class Loaded:
    """As Document, and no dataclass."""

    def __init__(self, text: str, **metadata: Any) -> None:
        self.page_content, self.metadata, self.id = text, metadata, "x1"


def test_documents_of_other_libraries_are_passages() -> None:
    found = list(passages_in([Document("a"), Document("b", {"title": "T"}, "x0"), Loaded("c", title="U")]))
    assert [(each.id, each.title, each.text) for each in found] == [
        ("1", "", "a"),
        ("x0", "", "b"),
        ("x1", "U", "c"),
    ]


def test_miner_s_own_types_pass_as_they_are() -> None:
    passage, query = Passage("x", "a"), Query("q", ("a",))
    assert list(passages_in([passage])) == [passage]
    assert queries_in([query]) == [query]
    assert queries_in(queries_in([query])) == [query]


@pytest.mark.parametrize("rows", [
    [("q0", "a0"), ("q0", "a1"), ("q1", "a2"), ("q1", "a3")],
    [["q0", "a0"], ["q0", "a1"], ["q1", "a2"], ["q1", "a3"]],
    [("q0", ["a0", "a1"]), ("q1", np.array(["a2", "a3"]))],
    [{"anchor": f"q{i // 2}", "positive": f"a{i}"} for i in range(4)],
    [{"query": f"q{i}", "pos": np.array([f"a{2 * i}", f"a{2 * i + 1}"])} for i in range(2)],
])  # fmt: skip
def test_pairs_and_known_names_are_recognised(rows: Any) -> None:
    assert [(each.text, each.relevant_passages) for each in queries_in(rows)] == ANSWERED


def test_columns_are_given_by_name() -> None:
    frame = pandas.DataFrame({"Frage": ["q0"], "Antwort": ["a0"], "answer": ["wrong"]})
    (query,) = queries_in(frame, {"query": "Frage", "relevant_passages": "Antwort"})
    assert (query.text, query.relevant_passages) == ("q0", ("a0",))
    (passage,) = passages_in(frame, {"text": "Antwort", "id": "Frage"})
    assert (passage.id, passage.text) == ("q0", "a0")


def test_what_is_missing_in_a_frame_is_blank() -> None:
    frame = pandas.DataFrame({"id": ["x", "y"], "text": ["a", None], "title": [None, "T"]})
    assert [(each.title, each.text) for each in passages_in(frame)] == [("", "a"), ("T", "")]
    ((title, text),) = (
        (each.title, each.text) for each in passages_in([{"text": float("nan"), "title": "T"}])
    )
    assert (title, text) == ("T", "")


def test_data_is_read_as_it_is_needed() -> None:
    def endless() -> Iterator[dict[str, str]]:
        number = 0
        while True:
            number += 1
            yield {"text": f"text {number}"}

    found = passages_in(endless())
    assert [next(found).text for _ in range(3)] == ["text 1", "text 2", "text 3"]


GOOD = {"query": "q", "relevant_passages": ["a"]}
SPLITS = datasets.DatasetDict(train=datasets.Dataset.from_list(ASKED), test=datasets.Dataset.from_list(ASKED))
TAKEN = "expected a path, an iterable of dicts or of texts, a Dataset or IterableDataset, a DataFrame"

MISTAKES: list[tuple[Any, str, str]] = [
    (3, "", f"queries: found int; {TAKEN}"),
    (None, "", f"queries: found NoneType; {TAKEN}"),
    (b"queries.jsonl", "", f"queries: found bytes; {TAKEN}"),
    (SPLITS, "", "the queries are a DatasetDict with the splits train, test; expected one of them"),
    (GOOD, "", "the queries are one dict; expected a list of dicts"),
    ({"query": ["a", "b"], "answer": ["c"]}, "", "columns of different lengths (query 2, answer 1)"),
    ([], "", "queries: holds no queries"),
    (["how?"], "", "holds no queries with what answers them: found query; expected keys such as question"),
    ([GOOD, 3], "", "queries:2: is of type int; expected a dict or a text"),
    ([GOOD, {"query": "x", "relevant_passages": []}], "", "queries:2: has no relevant passage"),
    (
        [GOOD, {"query": 3, "relevant_passages": ["a"]}],
        "",
        "queries:2: 'query' is a number; expected a string",
    ),
    ([GOOD, {"query": " ", "relevant_passages": ["a"]}], "", "queries:2: 'query' is blank"),
    ([{"answer": "a", "other": 1}], "", "found answer, other; expected keys such as question and answer"),
    (pandas.DataFrame(ASKED), "Frage", "queries:1: has no column 'Frage'; found question, answer, other"),
    (pandas.DataFrame({"query": ["a", 3]}), "", "that is no table of texts"),
    (np.arange(3), "", "queries:1: is of type int64; expected a dict or a text"),
]


@pytest.mark.parametrize(("data", "column", "message"), MISTAKES)
def test_mistakes_with_queries_are_told_in_a_sentence(data: Any, column: str, message: str) -> None:
    with pytest.raises((ConfigError, InputError)) as caught:
        queries_in(data, {"query": column} if column else None)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("data", "message"), [
    (3, f"passages: found int; {TAKEN}"),
    ("corpus.jsonl", "passages: found str"),
    ([{"text": "a"}, {"words": "b"}], "passages:2: has no text; expected a key such as text, or columns="),
    ([{"text": 3}], "passages:1: 'text' is a number; expected a string"),
    ([{"id": 1.5, "text": "a"}], "passages:1: 'id' is a number; expected a string or a whole number"),
    (io.StringIO('{"text": "a"}'), "passages: found an open file; expected its path, or an iterable"),
    ([object()], "passages:1: is of type object; expected a dict or a text"),
])  # fmt: skip
def test_mistakes_with_passages_are_told_in_a_sentence(data: Any, message: str) -> None:
    with pytest.raises((ConfigError, InputError)) as caught:
        list(passages_in(data))
    assert message in str(caught.value)


@pytest.mark.parametrize("columns", [{"frage": "x"}, {"query": 3}])
def test_columns_for_roles_that_there_are_not_are_told(columns: Any) -> None:
    with pytest.raises(
        ConfigError, match=r"columns has .* expected names of columns for any of id, title, text"
    ):
        queries_in([GOOD], columns)


def test_no_library_is_imported_for_plain_data(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from miner.corpus.objects import passages_in, queries_in\n"
        "list(passages_in(['a', {'text': 'b'}])); queries_in([('q', 'a')])\n"
        "print(sorted({'pandas', 'polars', 'datasets', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
