from __future__ import annotations

import json
from pathlib import Path

import pytest

from miner.data import Row
from miner.formats.cohere import load_rows, write_rows
from tests.support.commandline import call

ROWS = [Row(f"question {n}", (f"answer {n}",), (f"no {n}", f"never {n}")[: n % 3]) for n in range(9)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    write_rows(path, ROWS)
    return path


def test_there_and_back(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, back = tmp_path / "rows.csv", tmp_path / "back.jsonl"
    there = call(capsys, "convert", source, table, "--to", "labeled-list(passages='docs')")
    assert (there.code, there.out) == (0, "")
    assert there.err == f"wrote {table}: 9 rows as labeled_list(passages='docs')\n"
    assert call(capsys, "convert", table, back, "--columns", "relevant_passages=docs").code == 0
    assert load_rows(back) == ROWS


def test_rows_that_cannot_be_carried_are_told(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "convert", source, tmp_path / "t.parquet", "--to", "triplet")
    assert done.code == 0
    assert done.err.splitlines()[1] == "warning: 3 rows were left out, which triplet() cannot carry"


def test_passages_are_fitted(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "fitted.jsonl"
    write_rows(source, [*ROWS, Row("cancel a plan", ("Other things. " * 20 + "To cancel a plan, ask.",))])
    done = call(capsys, "convert", source, out, "--fit", 8, "--model", "hashing")
    assert done.code == 0
    assert "1 row has passages cut to snippets" in done.err
    assert load_rows(out) == [*ROWS, Row("cancel a plan", ("To cancel a plan, ask.",))]


def test_misuse_is_one_sentence_and_writes_nothing(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = call(capsys, "convert", source, tmp_path / "a.jsonl", "--to", "triplets")
    assert (unknown.code, unknown.err) == (2, "error: unknown format 'triplets'; did you mean triplet?\n")
    assert call(capsys, "convert", source, source).code == 2
    assert call(capsys, "convert", tmp_path / "no.jsonl", tmp_path / "a.jsonl").code == 2
    source.write_text(json.dumps({"query": "a"}) + "\n")
    broken = call(capsys, "convert", source, tmp_path / "a.csv", "--to", "labeled-pair")
    assert broken.code == 1
    assert broken.err.startswith(f"error: {source}: holds no queries with what answers them: found query; ")
    assert [file.name for file in tmp_path.iterdir()] == ["rows.jsonl"]
