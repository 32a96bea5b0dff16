from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from miner.data import Row
from miner.errors import ConfigError, InputError
from miner.formats.cohere import RECEIPTS, companion, load_rows, read_rows, tidy, write_rows

ROWS = [
    Row("What is ice?", ("Frozen water.", "Solid H₂O."), ("Steam is a gas.",)),
    Row("¿Qué?\u2028\x00", ("да",)),
]


def test_rows_come_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, ROWS)
    assert list(read_rows(path)) == [(1, ROWS[0]), (2, ROWS[1])]
    packed = tmp_path / "rows.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert load_rows(packed) == ROWS


def test_what_is_written_has_exactly_coheres_fields(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, ROWS[:1])
    assert path.read_text("utf-8") == (
        '{"query":"What is ice?","relevant_passages":["Frozen water.","Solid H₂O."],'
        '"hard_negatives":["Steam is a gas."]}\n'
    )


def test_hard_negatives_may_be_missing_and_blank_lines_count(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('\n{"query": "a", "relevant_passages": ["b"]}\n')
    assert list(read_rows(path)) == [(2, Row("a", ("b",)))]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"relevant_passages": ["b"]}', "has no 'query'"),
        ('{"query": 3, "relevant_passages": ["b"]}', "'query' is a number; expected a string"),
        ('{"query": " ", "relevant_passages": ["b"]}', "'query' is blank"),
        ('{"query": "a"}', "has no 'relevant_passages'"),
        ('{"query": "a", "relevant_passages": []}', "'relevant_passages' is empty; expected at least one"),
        ('{"query": "a", "relevant_passages": "b"}', "'relevant_passages' is a string; expected a list"),
        ('{"query": "a", "relevant_passages": ["b", null]}', "'relevant_passages' holds null; expected"),
        ('{"query": "a", "relevant_passages": ["\\t"]}', "'relevant_passages' holds a blank passage"),
        ('{"query": "a", "relevant_passages": ["b"], "hard_negatives": null}', "'hard_negatives' is null"),
        ('{"query": "a", "relevant_passages": ["b"], "id": 1}', "has the field 'id'; expected only query"),
        ('{"query": "a", "relevant_passages": ["\\ud800"]}', "is not valid JSON"),
        ("[]", "holds a list; expected a JSON object"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"query": "a", "relevant_passages": ["b"]}\n' + line + "\n")
    with pytest.raises(InputError) as caught:
        load_rows(path)
    assert str(caught.value).startswith(f"{path}:2: {message}")


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n")
    with pytest.raises(InputError, match="holds no rows"):
        load_rows(path)


def test_rows_are_not_written_under_a_compressed_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="uncompressed"):
        write_rows(tmp_path / "rows.jsonl.gz", ROWS)


def test_tidy_removes_what_the_platform_removed() -> None:
    assert tidy(Row("q", ("p",), ("", "n", " ", "p", "n"))) == Row("q", ("p",), ("n", "p"))


def test_companions_lie_beside_the_rows() -> None:
    assert companion(Path("d/out.jsonl"), RECEIPTS) == Path("d/out.receipts.jsonl")
    assert companion(Path("d/out.jsonl.gz"), RECEIPTS) == Path("d/out.receipts.jsonl")
    assert companion(Path("d/out.v1"), RECEIPTS) == Path("d/out.v1.receipts.jsonl")
