from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from miner.errors import ConfigError, InputError
from miner.formats.cohere import RECEIPTS, RUN, companion
from miner.validating import validate
from miner.validating.fix import Fixed, fix_file

ROWS: list[dict[str, Any]] = [
    {"query": "a", "relevant_passages": ["p"], "hard_negatives": ["n", "", "n", "p", "m", "p"]},
    {"query": "b", "relevant_passages": ["p"], "hard_negatives": ["n"]},
    {"query": "c", "relevant_passages": "wrong", "hard_negatives": [""]},
]


def receipt(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "query": row["query"],
        "relevant": [{"id": text} for text in row["relevant_passages"]],
        "negatives": [{"id": f"{place}"} for place, _ in enumerate(row["hard_negatives"])],
    }


def write(folder: Path, receipts: bool = False) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    if receipts:
        companion(path, RECEIPTS).write_text("".join(json.dumps(receipt(row)) + "\n" for row in ROWS))
        companion(path, RUN).write_text(json.dumps({"miner": "1", "outputs": {"rows.jsonl": "x"}}))
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_blank_and_repeated_negatives_are_left_out_and_the_rest_is_copied(tmp_path: Path) -> None:
    path, out = write(tmp_path), tmp_path / "fixed.jsonl"
    before = path.read_bytes()
    assert fix_file(path, out) == Fixed(rows=1, blank=1, repeated=2)
    assert path.read_bytes() == before
    assert [row["hard_negatives"] for row in read(out)] == [["n", "p", "m"], ["n"], [""]]
    assert out.read_bytes().splitlines()[1:] == before.splitlines()[1:]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["fixed.jsonl", "rows.jsonl"]


def test_overlapping_passages_leave_the_negatives_on_request(tmp_path: Path) -> None:
    out = tmp_path / "fixed.jsonl"
    assert fix_file(write(tmp_path), out, overlap=True) == Fixed(rows=1, blank=1, repeated=2, overlapping=1)
    assert read(out)[0] == {"query": "a", "relevant_passages": ["p"], "hard_negatives": ["n", "m"]}


def test_receipts_and_the_runs_record_follow(tmp_path: Path) -> None:
    out = tmp_path / "fixed.jsonl"
    fix_file(write(tmp_path, receipts=True), out)
    thinned = read(tmp_path / "fixed.receipts.jsonl")
    assert [[entry["id"] for entry in one["negatives"]] for one in thinned] == [["0", "3", "4"], ["0"], ["0"]]
    run = json.loads((tmp_path / "fixed.run.json").read_text())
    assert set(run["outputs"]) == {"fixed.jsonl", "fixed.receipts.jsonl"}
    assert run["derived"] == [{"from": "rows.jsonl", "command": "validate --fix", "overlap": False}]


def test_receipts_of_other_rows_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    path = write(tmp_path, receipts=True)
    proofs = companion(path, RECEIPTS)
    proofs.write_text("".join(proofs.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(InputError, match=r"rows\.receipts\.jsonl:1: is not the receipt of the row"):
        fix_file(path, tmp_path / "fixed.jsonl")
    assert not (tmp_path / "fixed.jsonl").exists()


def test_the_input_is_never_the_output(tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(ConfigError, match="is the file that was read"):
        fix_file(path, tmp_path / "." / "rows.jsonl")


def test_an_overlap_across_rows_of_one_query_is_found_and_mended(tmp_path: Path) -> None:
    path, out = tmp_path / "t.jsonl", tmp_path / "fixed.jsonl"
    rows = [
        {"query": "How do I reset?", "relevant_passages": ["Press reset."], "hard_negatives": ["No.", ""]},
        {
            "query": "how do i  reset",
            "relevant_passages": ["Hold it."],
            "hard_negatives": ["Press reset.", "No."],
        },
        {"query": "Why?", "relevant_passages": ["So."], "hard_negatives": ["Press reset."]},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = validate(path, max_tokens=None, fix=out, fix_overlap=True)
    overlaps = [finding for finding in found.findings if finding.rule == "overlap"]
    assert [(finding.line, "(line 1)" in finding.message) for finding in overlaps] == [(2, True)]
    mended = [json.loads(line)["hard_negatives"] for line in out.read_text().splitlines()]
    assert mended == [["No."], ["No."], ["Press reset."]]
