from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from miner.encoders.hashing import HashingEncoder
from tests.support.commandline import call


@pytest.fixture(autouse=True)
def words_for_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "miner.models.tokenizer.token_counter", lambda model=None: HashingEncoder().count_tokens
    )


def rows(count: int, **first: Any) -> str:
    records = [
        {"query": f"q{n}", "relevant_passages": [f"p{n}"], "hard_negatives": [f"n{n}"]} for n in range(count)
    ]
    records[0] |= first
    return "".join(json.dumps(record) + "\n" for record in records)


def test_a_clean_file_prints_nothing_but_its_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(rows(320))
    outcome = call(capsys, "validate", path)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == (
        f"{path}: 320 queries (320 unique), 1.00 relevant passages and 1.00 hard negatives a query\n"
        "0 errors, 0 warnings\n"
    )


def test_warnings_alone_end_well_and_errors_do_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(rows(320, hard_negatives=[]))
    warned = call(capsys, "validate", path)
    assert (warned.code, warned.out.splitlines()) == (
        0,
        [
            f"{path}:1: warning [no-negatives] has no hard negatives;"
            " roughly five hard negatives leads to meaningful improvement"
        ],
    )
    path.write_text(rows(255))
    failed = call(capsys, "validate", path)
    assert failed.code == 1
    assert failed.out.startswith(f"{path}: error [few-queries] has 255 unique queries;")
    assert failed.err.endswith("1 error, 0 warnings\n")


def test_findings_over_the_cap_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(rows(320) + "[]\n" * 7)
    outcome = call(capsys, "validate", path, "--cap", 2)
    assert outcome.out.splitlines()[2:] == [f"{path}: 5 more [json], 7 in all"]
    assert len(outcome.out.splitlines()) == 3


def test_json_holds_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, evaluation = tmp_path / "train.jsonl", tmp_path / "eval.jsonl"
    train.write_text(rows(256, relevant_passages=["p " * 600]))
    evaluation.write_text(rows(64))
    outcome = call(capsys, "validate", train, "--eval", evaluation, "--json", "--cap", 1)
    found = json.loads(outcome.out)
    assert outcome.code == 1
    assert (found["errors"], found["warnings"]) == (64, 1)
    assert {one["rule"]: one["count"] for one in found["counts"]} == {"too-long": 1, "shared-query": 64}
    assert [one["rule"] for one in found["findings"]] == ["too-long", "shared-query"]
    assert [one["queries"] for one in found["files"]] == [256, 64]
    assert "1 row (0.4%) with passages over 510 tokens with their query; 15% of those" in outcome.err


def test_texts_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "train.jsonl"
    evil = "\x1b[2Jred\n\u202e"
    path.write_text(rows(320, relevant_passages=[evil], hard_negatives=[evil, "n"]))
    outcome = call(capsys, "validate", path)
    assert "\x1b" not in outcome.out
    assert "string '\\x1b[2Jred \\u202e' is both a relevant passage and hard negatives" in outcome.out
    assert len(outcome.out.splitlines()) == 1


def test_fixing_what_can_be_fixed_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "train.jsonl", tmp_path / "fixed.jsonl"
    path.write_text(rows(320, hard_negatives=["p0", "", "n", "n"]))
    assert call(capsys, "validate", path, "--fix", out).code == 1
    fixed = call(capsys, "validate", path, "--fix", out, "--fix-overlap")
    assert fixed.code == 0
    assert "1 row changed, took out 1 blank, 1 repeated and 1 overlapping negatives" in fixed.err
    again = call(capsys, "validate", out)
    assert (again.code, again.out) == (0, "")


def test_misuse_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = call(capsys, "validate", tmp_path / "no.jsonl")
    assert (missing.code, missing.err) == (2, f"error: {tmp_path / 'no.jsonl'}: no such file\n")
    path = tmp_path / "train.jsonl"
    path.write_text(rows(2))
    assert call(capsys, "validate", path, "--fix-overlap").code == 2
    same = call(capsys, "validate", path, "--fix", path)
    assert same.code == 2
    assert path.read_text() == rows(2)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.jsonl", '{"query": "how", "relevant_ids": ["d1"]}\n' * 300),
        ("q.ndjson", '{"question": "how", "positive_ids": ["d1"]}\n' * 3),
        ("q.json", '[{"query": "how", "relevant_ids": ["d1"]}]'),
        ("q.csv", "query,relevant_ids\nhow,d1\n"),
    ],
)
@pytest.mark.parametrize(
    "command", [("validate",), ("report",), ("audit",), ("review", "--no-browser"), ("convert",)]
)
def test_queries_that_are_still_to_be_mined_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...], name: str, text: str
) -> None:
    path, out = tmp_path / name, tmp_path / "out.jsonl"
    path.write_text(text)
    outcome = call(capsys, *command, path, *([out] if command == ("convert",) else []))
    assert (outcome.code, outcome.out) == (1, "")
    (line,) = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: {path}: holds queries with the ids of what answers them")
    assert "mine it first: miner mine" in line
    assert list(tmp_path.iterdir()) == [path]


def test_rows_without_any_negative_are_one_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text(
        "".join(json.dumps({"query": f"q{n}", "relevant_passages": [f"p{n}"]}) + "\n" for n in range(320))
    )
    outcome = call(capsys, "validate", path)
    (line,) = outcome.out.splitlines()
    assert outcome.code == 0
    assert line.startswith(
        f"{path}: warning [no-negatives] no row has hard negatives, as in a file of queries"
    )
    assert outcome.err.endswith("0 errors, 1 warning\n")


def test_other_shapes_that_call_a_query_a_query_are_read_as_what_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(
        "".join(json.dumps({"query": f"q{n}", "pos": [f"p{n}"], "neg": [f"n{n}"]}) + "\n" for n in range(320))
    )
    outcome = call(capsys, "validate", path)
    assert (outcome.code, outcome.out) == (0, "")
    assert "320 queries (320 unique), 1.00 relevant passages and 1.00 hard negatives" in outcome.err
