"""Texts that lie deep: by a path into objects, as lists of sentences, in SQuAD's articles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import miner
from miner.corpus import read_corpus
from miner.corpus.columns import Columns
from miner.corpus.options import ReadOptions, strict
from miner.corpus.queries import read_queries
from miner.errors import ConfigError, InputError

NESTED = [
    {"key": 1, "document": {"body": {"text": "Press pause."}, "title": "Plans"}},
    {"key": 2, "document": {"body": {"text": "Five days."}, "title": None}},
]
DEEP = "id=key,text=document.body.text,title=document.title"
SQUAD: dict[str, Any] = {
    "version": "v2.0",
    "data": [
        {
            "title": "Refunds",
            "paragraphs": [
                {
                    "context": "Refunds take five days.",
                    "qas": [
                        {"id": "a", "question": "How long?", "answers": [{"text": "five days", "answer_start": 13}]},
                        {"id": "b", "question": "How much?", "answers": [], "is_impossible": True},
                    ],
                },
                {
                    "context": "Cash is given at the desk.",
                    "qas": [{"id": "c", "question": "Where?", "answers": [{"text": "desk", "answer_start": 21}]}],
                },
            ],
        }
    ],
}  # fmt: skip


def named(columns: str) -> ReadOptions:
    return ReadOptions(columns=Columns.parse(columns))


def lines(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet"])
def test_a_column_is_named_by_a_path_into_objects(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"nested.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(NESTED), file)
    elif kind == "json":
        file.write_text(json.dumps(NESTED))
    else:
        lines(file, NESTED)
    found = [(each.id, each.title, each.text) for each in read_corpus(file, options=named(DEEP))]
    assert found == [("1", "Plans", "Press pause."), ("2", "", "Five days.")]


def test_a_path_through_a_list_gives_a_list_and_objects_of_other_libraries_have_paths_too(
    tmp_path: Path,
) -> None:
    record = {"ask": {"q": "How long?"}, "hits": [{"doc": {"t": "Five days."}}, {"doc": {"t": "A week."}}]}
    columns = "query=ask.q,relevant_passages=hits.doc.t"
    (query,) = read_queries(lines(tmp_path / "q.jsonl", [record]), options=named(columns))
    assert (query.text, query.relevant_passages) == ("How long?", ("Five days.", "A week."))
    index = miner.build_index(
        NESTED, tmp_path / "index", "hashing", columns=dict(Columns.parse(DEEP).given), progress=False
    )
    assert [each.text for each in index.passages([0, 1])] == ["Press pause.", "Five days."]


def test_a_path_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    file = lines(tmp_path / "nested.jsonl", NESTED)
    with pytest.raises(InputError, match=r"has no text in any record; found key, document"):
        list(read_corpus(file, options=named("text=document.nothing")))
    with pytest.raises(InputError, match=r"has no column 'ask\.q'; found key, document"):
        read_queries(file, options=named("query=ask.q,relevant_passages=document.body.text"))


def test_a_name_with_a_dot_is_taken_as_it_stands_where_it_is_one(tmp_path: Path) -> None:
    file = tmp_path / "dotted.csv"
    file.write_text("doc.text\nPress pause.\n")
    assert [each.text for each in read_corpus(file, options=named("text=doc.text"))] == ["Press pause."]


def test_a_list_of_sentences_is_one_text(tmp_path: Path) -> None:
    records = [{"id": "a", "text": ["Press pause. ", " Then wait."]}, {"id": "b", "text": "Five days."}]
    options = ReadOptions()
    file = lines(tmp_path / "c.jsonl", records)
    found = [each.text for each in read_corpus(file, options=options)]
    assert found == ["Press pause. Then wait.", "Five days."]
    assert options.notes.told == ["c.jsonl: the lists in 'text' are joined, each to one text"]
    asked = {"query": "How?", "relevant_passages": [["Press pause.", "Then wait."], "Or not."]}
    (query,) = read_queries(lines(tmp_path / "q.jsonl", [asked]))
    assert query.relevant_passages == ("Press pause. Then wait.", "Or not.")
    with pytest.raises(InputError, match="'text' is a list; expected a string"):
        list(read_corpus(lines(tmp_path / "n.jsonl", [{"text": [1, 2]}] * 2), options=strict()))


def test_articles_of_squad_are_a_corpus_of_paragraphs(tmp_path: Path) -> None:
    (tmp_path / "train.json").write_text(json.dumps(SQUAD))
    found = list(read_corpus(tmp_path / "train.json"))
    assert [(each.title, each.text) for each in found] == [
        ("Refunds", "Refunds take five days."),
        ("Refunds", "Cash is given at the desk."),
    ]


def test_articles_of_squad_are_queries_that_their_paragraph_answers(tmp_path: Path) -> None:
    (tmp_path / "train.json").write_text(json.dumps(SQUAD, indent=1))
    options = ReadOptions()
    found = read_queries(tmp_path / "train.json", options=options)
    assert [(each.text, each.relevant_passages) for each in found] == [
        ("How long?", ("Refunds take five days.",)),
        ("Where?", ("Cash is given at the desk.",)),
    ]
    assert sum(options.notes.counts.values()) == 1


def test_lines_of_paragraphs_with_questions_are_queries(tmp_path: Path) -> None:
    (article,) = SQUAD["data"]
    found = read_queries(lines(tmp_path / "mrqa.jsonl", article["paragraphs"]))
    assert [each.text for each in found] == ["How long?", "Where?"]


def test_paragraphs_of_queries_are_found_in_the_index_of_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "squad.json").write_text(json.dumps(SQUAD))
    index = miner.build_index(tmp_path / "squad.json", tmp_path / "index", "hashing", progress=False)
    mined = miner.mine(tmp_path / "squad.json", index, n=1, progress=False)
    assert [row.hard_negatives for row in mined] == [
        ("Cash is given at the desk.",),
        ("Refunds take five days.",),
    ]


def test_pieces_under_the_id_of_their_document_are_all_kept(tmp_path: Path) -> None:
    pieces = [("d1", "Press pause."), ("d1", "Then wait."), ("d2", "Five days."), ("d2", "A week.")]
    file = lines(tmp_path / "c.jsonl", [{"doc_id": name, "text": text} for name, text in pieces])
    options = strict()
    index = miner.build_index(file, tmp_path / "index", "hashing", options=options, progress=False)
    found = [(each.id, each.document) for each in index.passages([0, 1, 2, 3])]
    assert found == [("d1", "d1"), ("d1#2", "d1"), ("d2", "d2"), ("d2#2", "d2")]


def test_whole_numbers_of_frames_are_ids(tmp_path: Path) -> None:
    records = [{"id": 1.0, "text": "Press pause."}, {"id": float("nan"), "text": "Five days."}]
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "c.parquet")
    assert [each.id for each in read_corpus(tmp_path / "c.parquet")] == ["1", "c.parquet:2"]


def test_a_spreadsheet_of_queries_is_told_how_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "q.xlsx").touch()
    with pytest.raises(ConfigError, match=r"not a file of queries \(save it as \.csv\)"):
        read_queries(tmp_path / "q.xlsx")
