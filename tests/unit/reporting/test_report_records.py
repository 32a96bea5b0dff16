"""Rows are read with the receipts that fit them."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from miner.errors import InputError
from miner.formats.run import read_run
from miner.reporting.provenance import provenance
from miner.reporting.records import read_records
from miner.reporting.report import examine_files
from miner.storage.files import sha256, write_json, write_jsonl
from miner.validating.fix import fix_file
from tests.support.mined_files import made_receipts, made_rows, write_mined

ROWS = made_rows(9)


def test_a_row_comes_with_its_receipt(tmp_path: Path) -> None:
    path = write_mined(tmp_path / "train.jsonl", ROWS)
    expected = made_receipts(ROWS)
    for i, record in enumerate(read_records(path)):
        assert record is not None
        assert record.receipt is not None
        assert (record.line, record.row.query) == (i + 1, ROWS[i]["query"])
        assert [e.risk for e in record.receipt.negatives] == [e["risk"] for e in expected[i]["negatives"]]
        assert [e.similarity for e in record.receipt.relevant] == [
            e["similarity"] for e in expected[i]["relevant"]
        ]


def test_a_receipt_of_another_row_does_not_count(tmp_path: Path) -> None:
    path = write_mined(tmp_path / "train.jsonl", ROWS)
    changed = [dict(row) for row in ROWS]
    changed[2]["hard_negatives"] = changed[2]["hard_negatives"][:-1]
    changed[5]["query"] = "another"
    write_jsonl(path, changed)
    fits = [record is not None and record.receipt is not None for record in read_records(path)]
    assert fits == [i not in (2, 5) for i in range(9)]


def test_a_line_that_holds_no_row_is_none_and_the_rest_keeps_its_line(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text('{"query": "q", "relevant_passages": ["r"]}\n\n{"query": 1}\nnonsense\n{"query": "p", '
                    '"relevant_passages": []}\n')  # fmt: skip
    found = list(read_records(path))
    assert [record.line if record else None for record in found] == [1, None, None, 5]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"query": "case"}', "'relevant' is null; expected a list of objects"),
        ('{"relevant": [], "negatives": []}', "has no 'query'; expected the query of the row it belongs to"),
        (
            '{"query": "q", "relevant": [], "negatives": [{"risk": "high"}]}',
            "negatives[0].risk is a string; expected a number",
        ),
        (
            '{"query": "q", "relevant": [{"rank": true}], "negatives": []}',
            "relevant[0].rank is a boolean; expected a whole number",
        ),
        (
            '{"query": "q", "relevant": ["x"], "negatives": []}',
            "'relevant' is a list; expected a list of objects",
        ),
    ],
)
def test_a_damaged_receipt_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = write_mined(tmp_path / "train.jsonl", ROWS, receipts=False)
    receipts = tmp_path / "train.receipts.jsonl"
    receipts.write_text(line + "\n")
    with pytest.raises(InputError) as error:
        list(read_records(path))
    assert str(error.value) == f"{receipts}:1: {message}"


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_damaged_run_record_is_named(tmp_path: Path, text: str) -> None:
    path = write_mined(tmp_path / "train.jsonl", ROWS)
    (tmp_path / "train.run.json").write_text(text)
    with pytest.raises(InputError, match=r"train\.run\.json: "):
        read_run(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arguments": True}, "'arguments' is a boolean; expected an object"),
        ({"arguments": {"n": "5"}}, "'arguments.n' is a string; expected a whole number"),
        ({"index": [1]}, "'index' is a list; expected an object"),
        ({"index": {"passages": 1.5}}, "'index.passages' is a number; expected a whole number"),
        ({"index": {"passages": -1}}, "'index.passages' is -1; expected a whole number from 0"),
        ({"counts": "x"}, "'counts' is a string; expected an object"),
        ({"counts": {"candidates": True}}, "'counts.candidates' is a boolean; expected a whole number"),
        ({"counts": {"rejected": []}}, "'counts.rejected' is a list; expected an object"),
        ({"counts": {"rejected": {"a": None}}}, "'counts.rejected.a' is null; expected a whole number"),
        ({"outputs": 1}, "'outputs' is a number; expected an object"),
        ({"stages": [{}, 1]}, "'stages[1]' is a number; expected an object"),
        ({"derived": {}}, "'derived' is an object; expected a list of objects"),
    ],
)
def test_a_run_record_of_another_shape_is_named(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = write_mined(tmp_path / "train.jsonl", ROWS)
    beside = tmp_path / "train.run.json"
    write_json(beside, orjson.loads(beside.read_bytes()) | change)
    with pytest.raises(InputError) as error:
        read_run(path)
    assert str(error.value) == f"{beside}: {message}"
    with pytest.raises(InputError):
        fix_file(path, tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("name", ["arguments", "index", "counts", "outputs", "stages", "derived"])
def test_a_run_record_may_lack_a_part_or_hold_null_for_it(tmp_path: Path, name: str) -> None:
    path = write_mined(tmp_path / "train.jsonl", ROWS)
    beside = tmp_path / "train.run.json"
    run = orjson.loads(beside.read_bytes())
    for changed in (run | {name: None}, {key: value for key, value in run.items() if key != name}):
        write_json(beside, changed)
        assert examine_files(path).statistics()["training"]["counts"]["rows"] == len(ROWS)


def test_no_run_record_is_none(tmp_path: Path) -> None:
    assert read_run(write_mined(tmp_path / "train.jsonl", ROWS, run=False)) is None


def test_provenance_tells_whether_the_file_is_still_the_runs(tmp_path: Path) -> None:
    path = write_mined(tmp_path / "train.jsonl", ROWS)
    found = provenance(path, read_run(path))
    assert (found.state, found.sha256) == ("good", sha256(path))
    groups = dict(found.groups)
    assert ("encoder.model", "hashing") in groups["index"]
    assert ("filter", "risk(max_risk=0.1)") in groups["arguments"]
    assert ("search", "1.25 s, 256 MiB") in groups["stages"]
    write_jsonl(path, ROWS[:-1])
    assert provenance(path, read_run(path)).state == "warning"
    assert provenance(path, None).state == "neutral"


@pytest.mark.parametrize(
    "run", [{"counts": 3, "index": [], "arguments": None, "stages": [1, {}]}, {"outputs": "x", "derived": {}}]
)
def test_a_run_record_of_another_shape_does_no_harm(tmp_path: Path, run: dict[str, object]) -> None:
    path = write_mined(tmp_path / "train.jsonl", ROWS, run=False)
    assert provenance(path, run).state == "neutral"
