"""What every command has in common: help, --quiet, --json, completion, wrong names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from miner.cli import COMMANDS
from miner.cli.group import OWN_OUTPUT, load
from tests.support.commandline import call


def options(name: str) -> set[str]:
    return {spelling for option in load(name).params for spelling in option.opts}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_quiet_and_those_that_report_speak_json(name: str) -> None:
    assert {"--quiet", "-q"} <= options(name)
    assert ("--json" in options(name)) == (name not in OWN_OUTPUT)


@pytest.mark.parametrize("words", [("mine", "-h"), ("mine", "--help"), ("help", "mine")])
def test_help_is_had_in_three_ways(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, *words)
    assert done.code == 0
    assert done.out.startswith("Usage: miner mine [OPTIONS]")


def test_help_alone_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    shown = call(capsys, "help").out
    assert shown == call(capsys, "-h").out
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert "..." not in shown.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("words", "meant"),
    [(("mien",), "'mine'"), (("help", "reprot"), "'report'"), (("mine", "q.jsonl", "--quite"), "--quiet")],
)
def test_a_wrong_name_brings_the_right_one(
    words: tuple[str, ...], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, *words)
    assert done.code == 2
    assert meant in done.err


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("words", [[""], ["x", ""], ["x", "--output", ""], ["x", "--index="]])
def test_an_empty_text_is_taken_for_no_folder(
    name: str,
    words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call(capsys, name, *words)
    named = [name, *words][-2] if not words[-1] else "--index"
    assert (done.code, done.err) == (2, f"error: an empty text follows '{named}'; expected a value\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("config", "code"), [(None, 2), ("{}", 1)])
def test_a_mistyped_model_is_misuse_and_a_broken_one_a_failure(
    config: str | None, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("one text")
    (tmp_path / "model").mkdir()
    if config is not None:
        (tmp_path / "model" / "config.json").write_text(config)
    words = ("-o", tmp_path / "index", "--encoder")
    assert call(capsys, "build-index", tmp_path / "a.txt", *words, tmp_path / "model").code == code
    assert call(capsys, "build-index", tmp_path / "a.txt", *words, tmp_path / "modle").code == 2


def test_an_empty_prompt_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("one text")
    words = ("--encoder", "hashing", "--query-prompt", "", "--document-prompt=", "-q")
    done = call(capsys, "build-index", tmp_path / "a.txt", "-o", tmp_path / "index", *words)
    assert (done.code, done.err) == (0, "")


def test_the_package_runs_as_a_module_and_completes(tmp_path: Path) -> None:
    asked = {"_PYTHON_M_MINER_COMPLETE": "complete_bash", "_MINER_COMPLETE": "complete_bash"}
    words = {"COMP_WORDS": "miner mine --max", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-m", "miner"], env=os.environ | asked | words, capture_output=True, text=True
    )
    assert done.stdout.split() == ["--max-risk", "--max-memory"]


def test_values_are_of_the_kind_that_the_command_names(tmp_path: Path) -> None:
    words = ["q.jsonl", "--index", "a", "--index", "b", "-o", str(tmp_path), "-n", "3", "--max-risk", "0.5"]
    given = load("mine").make_context("mine", words).params
    assert (given["queries"], given["output"]) == (Path("q.jsonl"), tmp_path)
    assert (list(given["index"]), given["n"], given["max_risk"]) == (["a", "b"], 3, 0.5)
    assert (given["depth"], given["strict"], given["limit"], given["select"]) == (100, False, None, None)


@pytest.mark.parametrize(
    ("words", "meant"), [(("q", "-n", "0"), "-n"), (("q", "-n", "x"), "-n"), ((), "QUERIES")]
)
def test_a_value_of_another_kind_is_named(
    words: tuple[str, ...], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "mine", *words)
    assert done.code == 2
    assert meant in done.err


@pytest.fixture
def mined(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words that mine a few queries, and nothing said on the way."""
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps({"_id": f"a rather long id {i}", "text": f"text {i} of {i * i}"}) for i in range(40)]
    Path("corpus.jsonl").write_text("\n".join(lines))
    asked = {"query": "text 3", "relevant_ids": ["a rather long id 3"]}
    Path("queries.jsonl").write_text(json.dumps(asked) + "\n")
    done = call(capsys, "build-index", "corpus.jsonl", "--encoder", "hashing", "-o", "index", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    return ["mine", "queries.jsonl", "--index", "index", "-o", "rows.jsonl"]


def test_mining_ends_with_rows_reasons_files_and_the_next_command(
    mined: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, *mined, "--filter", "riskiest()")
    assert done.out == ""
    assert "1 row with 5 negatives" in done.err
    assert "40 candidates were looked at" in done.err
    assert "kept; 5 of them were chosen, hard for the risk they bear: priced(price=" in done.err
    assert "among the likeliest of its query to answer after all: riskiest()" in done.err
    assert done.err.splitlines()[-1] == "next: miner validate rows.jsonl and miner report rows.jsonl"


def test_quiet_mining_prints_only_what_was_asked_for(
    mined: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, *mined, "-q", "--json")
    assert done.err == ""
    assert json.loads(done.out)["counts"]["negatives"] == 5
    assert call(capsys, "mine", "none.jsonl", "--index", "index", "-q").err.startswith("error: ")


def test_explaining_tells_chosen_from_kept_and_says_why_in_words(
    mined: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("explain", "text 3", "--queries", "queries.jsonl", "--index", "index", "--show", "3")
    shown = call(capsys, *words).out
    verdicts = [line.split()[4] for line in shown.splitlines() if "a rather long id" in line and "0." in line]
    assert shown.count("chosen") >= 6
    assert len([line for line in shown.splitlines() if line.strip()[:1].isdigit()]) >= len(verdicts) > 3
    assert "dropped: it is a relevant passage" in shown
    assert "a hard negative: hard for the risk they bear, by priced(price=" in shown
    record = json.loads(call(capsys, *words, "--json").out)
    assert {each["verdict"] for each in record["candidates"]} >= {"chosen", "same_id"}
