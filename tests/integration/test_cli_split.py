from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from miner.data import Row
from miner.formats.cohere import load_rows, write_rows
from tests.support.commandline import call


def test_two_files_are_written_and_the_summary_tells_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [
        Row(f"number {n} {'abcdefgh'[n % 8] * 9}", (f"answer {n}",), (f"ANSWER {n + 1}",)) for n in range(400)
    ]
    write_rows(path, rows)
    done = call(capsys, "split", path, "--eval-fraction", 0.25, "-o", tmp_path / "sets", "--near", 0)
    assert (done.code, done.out) == (0, "")
    assert f"wrote {tmp_path / 'sets' / 'rows.eval.jsonl'}: 100 rows, 100 queries" in done.err
    assert "hard negatives in rows.eval.jsonl are relevant passages of training" in done.err
    assert len(load_rows(tmp_path / "sets" / "rows.train.jsonl")) == 300


def test_paraphrases_are_found_with_a_model_and_json_tells_how_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.jsonl"
    queries = ["cancel my plan", "please cancel my plan", "opening hours", "who owns the moon"]
    write_rows(path, [Row(query, (f"answer {query}",)) for query in queries])
    done = call(capsys, "split", path, "--model", "hashing", "--near", 0.7, "--small", "--json")
    record = json.loads(done.out)
    assert (record["components"], record["tied_by_paraphrase"], record["largest"]) == (3, 1, 2)
    assert record["evaluation"]["file"] == str(tmp_path / "rows.eval.jsonl")


def test_too_few_queries_end_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, [Row(f"q{n}", (f"p{n}",)) for n in range(100)])
    done = call(capsys, "split", path, "--near", 0)
    assert (done.code, done.err) == (
        1,
        f"error: {path}: cannot be split: found 100 different queries; 256 for training and 64 for"
        " evaluation need 320\n",
    )
    assert [file.name for file in tmp_path.iterdir()] == ["rows.jsonl"]
    assert call(capsys, "split", path, "--near", 0, "--eval-fraction", 1.5).code == 2


def test_any_shape_is_split_and_what_cannot_be_used_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pairs.v2.csv"
    lines = [f"frage {'abcdefgh'[n % 8] * 9} {n},antwort {n},nein {n}" for n in range(40)]
    path.write_text("\n".join(["Frage,Antwort,negative", *lines, "ohne Antwort,,x"]) + "\n")
    columns = ("--columns", "query=Frage,relevant_passages=Antwort")
    done = call(capsys, "split", path, *columns, "--small", "--near", 0)
    assert done.code == 0, done.err
    assert "pairs.v2.csv: " in done.err
    assert f"  {path}:42: has no relevant passage" in done.err
    sides = [load_rows(tmp_path / f"pairs.v2.{side}.jsonl") for side in ("train", "eval")]
    assert sorted(map(len, sides)) == [8, 32]
    assert {row.hard_negatives[0] for side in sides for row in side} == {f"nein {n}" for n in range(40)}


@pytest.mark.parametrize("shape", ["beir", "saved", "parquet"])
def test_folders_and_tables_are_split(shape: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / {"parquet": "set.parquet"}.get(shape, "set")
    write_rows(tmp_path / "rows.jsonl", [Row(f"q{n}", (f"answer {n}",), (f"no {n}",)) for n in range(40)])
    form = "beir" if shape == "beir" else "triplet"
    assert call(capsys, "convert", tmp_path / "rows.jsonl", path, "--to", form).code == 0
    done = call(capsys, "split", path, "--small", "--near", 0)
    assert done.code == 0, done.err
    assert len(load_rows(tmp_path / "set.train.jsonl")) + len(load_rows(tmp_path / "set.eval.jsonl")) == 40


def test_standard_input_is_split_into_this_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = b"".join(b'{"anchor": "q%d", "positive": "p%d"}\n' % (n, n) for n in range(20))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert call(capsys, "split", "-", "--small", "--near", 0).code == 0
    assert len(load_rows(tmp_path / "stdin.train.jsonl")) == 16
