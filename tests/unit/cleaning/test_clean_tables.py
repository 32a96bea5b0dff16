"""The texts of tables are cleaned; whatever else they hold comes out as it went in."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from miner.cleaning import Cleaner
from miner.cleaning.files import clean
from miner.cleaning.tables import TABLES
from miner.corpus import read_corpus
from miner.corpus.columns import Columns
from miner.corpus.options import ReadOptions, strict
from miner.corpus.queries import read_queries
from miner.corpus.records import RECORDS
from miner.errors import ConfigError, InputError


def cleaned(name: str, content: str | bytes, folder: Path, options: ReadOptions | None = None) -> Path:
    source, output = folder / name, folder / f"out-{name.removesuffix('.gz')}"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    clean(source, output, options=options)
    return output


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("c.csv", "id,text,url\n<b>1</b>,<b>x</b>,<i>u</i>\n", "id,text,url\n<b>1</b>,x,<i>u</i>\n"),
        ("c.csv", 'id;text\n1;"<p>a;</p><p>b</p>"\n', 'id;text\n1;"a;\n\nb"\n'),
        ("c.csv", "ID,Text,,\n1,<b>x</b>,,\n2,fine\n", "ID,Text,,\n1,x,,\n2,fine\n"),
        (
            "c.csv",
            "1,<b>the</b> first sentence\n2,the second one\n",
            "1,the first sentence\n2,the second one\n",
        ),
        ("c.csv", "id,text\n1,'=SUM(<b>A1</b>)\n2,'-x\n", "id,text\n1,'=SUM(A1)\n2,'-x\n"),
        ("c.csv", "question,answer,negative_1\n<i>q</i>,a,<b>n</b>\n", "question,answer,negative_1\nq,a,n\n"),
        ("c.csv", 'query,pos\nq,"[""<b>x</b>"", ""y""]"\n', 'query,pos\nq,"[""x"",""y""]"\n'),
        ("c.tsv", 'id\ttext\n1\t<b>x</b>\n2\tsay "hi"\n', 'id\ttext\n1\tx\n2\tsay "hi"\n'),
        ("c.tsv", 'id\ttext\n1\t"Never <b>closed</b>\n2\tb\n', 'id\ttext\n1\t"""Never closed"\n2\tb\n'),
        ("c.tsv", "id\ttext\n1\ta<br>b\n", "id\ttext\n1\ta b\n"),
        ("c.json", '[{"id": "<b>", "text": "<b>x</b>"}]', '[{"id":"<b>","text":"x"}]'),
        ("c.json", '{"data": [{"text": "<b>x</b>"}], "v": 1}', '{"data":[{"text":"x"}],"v":1}'),
        ("c.json", '{"id": [1], "text": ["<b>x</b>"]}', '{"id":[1],"text":["x"]}'),
        ("c.json", '["<b>x</b>", "y"]', '["x","y"]'),
        ("c.ndjson", '{"text": "<b>x</b>", "n": NaN}\n', '{"text": "x", "n": NaN}\n'),
        ("c.jsonl", '{"text": "fine",  "n": NaN}\n', '{"text": "fine",  "n": NaN}\n'),
        (
            "c.jsonl",
            '{"query":"q","positive_passages":[{"docid":"<b>","title":"","text":"<b>x</b>"}]}\n',
            '{"query":"q","positive_passages":[{"docid":"<b>","title":"","text":"x"}]}\n',
        ),
        (
            "c.jsonl",
            '{"messages":[{"role":"user","content":"<b>x</b>"}],"positive_messages":[]}\n',
            '{"messages":[{"role":"user","content":"x"}],"positive_messages":[]}\n',
        ),
    ],
)
def test_texts_are_cleaned_and_the_rest_stays(name: str, before: str, after: str, tmp_path: Path) -> None:
    assert cleaned(name, before, tmp_path).read_text().rstrip("\n") == after.rstrip("\n")


def test_every_table_that_is_read_is_cleaned() -> None:
    assert TABLES.keys() == RECORDS.keys()


def test_parquet_keeps_its_schema_and_the_columns_that_are_no_texts(tmp_path: Path) -> None:
    schema = pa.schema(
        [
            ("id", pa.int32()),
            ("text", pa.large_string()),
            ("kind", pa.dictionary(pa.int8(), pa.string())),
            ("positive_passages", pa.list_(pa.struct([("docid", pa.string()), ("text", pa.string())]))),
            ("vector", pa.list_(pa.float32(), 2)),
        ],
        metadata={"made by": "somebody"},
    )
    rows = [
        {"id": n, "text": f"<b>{n}</b>", "kind": "<b>", "vector": [n, 0.5],
         "positive_passages": [{"docid": "<i>", "text": "<i>p</i>"}, None]}
        for n in range(3000)
    ] + [{"id": None, "text": None, "kind": None, "vector": None, "positive_passages": None}]  # fmt: skip
    source, output = tmp_path / "c.parquet", tmp_path / "out.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), source)
    report = clean(source, output)
    table = pq.read_table(output)
    assert table.schema.equals(schema, check_metadata=False)
    assert (table.schema.metadata or {})[b"made by"] == b"somebody"
    passages = [{"docid": "<i>", "text": "p"}, None]
    expected = [row | {"text": str(n), "positive_passages": passages} for n, row in enumerate(rows[:-1])]
    assert table.to_pylist() == [*expected, rows[-1]]
    assert report.examples["html"][2].place == f"{source}:3"


@pytest.mark.parametrize("suffix", [suffix for suffix in TABLES if suffix != ".parquet"])
def test_a_table_is_read_as_it_would_be_cleaned(suffix: str, tmp_path: Path) -> None:
    separator = {".csv": ",", ".tsv": "\t"}.get(suffix)
    rows = [{"id": f"d{n}", "title": "&amp;", "text": f"<b>{n}</b> of them"} for n in range(40)]
    if separator:
        lines = [separator.join(row.values()) for row in rows]
        content = "\n".join([separator.join(rows[0]), *lines]) + "\n"
    else:
        content = json.dumps(rows) if suffix == ".json" else "".join(json.dumps(row) + "\n" for row in rows)
    output = cleaned(f"c{suffix}.gz", gzip.compress(content.encode()), tmp_path)
    read = [(p.id, p.title, p.text) for p in read_corpus(tmp_path / f"c{suffix}.gz", clean=Cleaner())]
    assert read == [(p.id, p.title, p.text) for p in read_corpus(output)]
    assert read[3] == ("d3", "&", "3 of them")


def test_rows_of_queries_stay_readable(tmp_path: Path) -> None:
    table = [["Frage", "Antwort", "Nr"], ["<b>wie?</b>", 'so, "<i>x</i>"\nund so', "<b>1</b>"]]
    with (tmp_path / "in.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(table)
    columns = ReadOptions(columns=Columns.parse("query=Frage,relevant_passages=Antwort,id=Nr"))
    clean(tmp_path / "in.csv", tmp_path / "out.csv", options=columns)
    (query,) = read_queries(tmp_path / "out.csv", options=columns)
    assert (query.text, query.relevant_passages) == ("wie?", ('so, "x"\nund so',))
    assert "<b>1</b>" in (tmp_path / "out.csv").read_text()


def test_rows_that_cannot_be_read_are_left_out_and_noted(tmp_path: Path) -> None:
    options = ReadOptions()
    output = cleaned("c.csv", 'id,text\n1,<b>x</b>\n2,"a"b\n3,y\n', tmp_path, options)
    assert output.read_text() == "id,text\n1,x\n3,y\n"
    assert [note.line for note in options.notes.listed] == [3]
    with pytest.raises(InputError, match=r"c\.csv:3"):
        cleaned("c.csv", 'id,text\n1,<b>x</b>\n2,"a"b\n3,y\n', tmp_path, strict())


def test_a_table_without_texts_is_copied_in_a_folder_and_refused_alone(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for name, content in (
        ("prices.csv", "plan,price\nbasic,3\n"),
        ("a.md", "<b>x</b>"),
        ("b.csv", "text\n\xff"),
    ):
        (source / name).write_bytes(content.encode("latin-1"))
    options = ReadOptions()
    report = clean(source, tmp_path / "out", options=options)
    assert [file.name for file in report.copied] == ["b.csv", "prices.csv"]
    assert {Path(note.file).name for note in options.notes.listed} == {"b.csv"}
    for name in ("prices.csv", "b.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (source / name).read_bytes()
    assert (tmp_path / "out" / "a.md").read_text() == "x"
    with pytest.raises(InputError, match="has no column of texts; expected"):
        clean(source / "prices.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_sentences_that_return_are_learnt_from_cells_and_lists(tmp_path: Path) -> None:
    footer = "Was this article helpful?"
    rows = [[f"q{n}", json.dumps([f"How to do thing {n}. {footer}"])] for n in range(20)]
    with (tmp_path / "in.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["query", "pos"], *rows])
    clean(tmp_path / "in.csv", tmp_path / "out.csv", steps="boilerplate")
    assert footer not in (tmp_path / "out.csv").read_text()
    assert [query.relevant_passages for query in read_queries(tmp_path / "out.csv")][3] == (
        "How to do thing 3.",
    )


@pytest.mark.parametrize("output", ["out.jsonl", "out.csv.gz", "out.md", "out.parquet"])
def test_an_output_is_named_as_the_kind_of_file_it_is(output: str, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\n<b>x</b>\n")
    with pytest.raises(ConfigError, match=r"what is cleaned stays \.csv, unpacked"):
        clean(tmp_path / "in.csv", tmp_path / output)
    clean(tmp_path / "in.csv", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "text\nx\n"
