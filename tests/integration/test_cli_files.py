"""Where commands read from and write to."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from threading import Thread

import pytest

import miner
from tests.support.commandline import call

PAIRS = "question,answer\n" + "".join(f"what is {n} of {n}?,It is number {n} of them.\n" for n in range(30))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.csv").write_text(PAIRS)
    return tmp_path


def mine(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    done = call(capsys, "mine", "pairs.csv", "--encoder", "hashing", "-n", 2, *arguments)
    assert done.code == code, done.err
    return done.err if code else done.out


def test_pairs_without_an_index_are_mined_over_their_own_passages(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "mine", "pairs.csv", "--encoder", "hashing", "-n", 2, "--limit", 5)
    assert done.code == 0
    assert "pairs.csv: pair (query=question, relevant_passages=answer)" in done.err
    assert "built pairs.index over the passages of the queries themselves" in done.err
    rows = [json.loads(line) for line in (here / "pairs.mined.jsonl").read_text().splitlines()]
    assert [row["query"] for row in rows] == [f"what is {n} of {n}?" for n in range(5)]
    assert all(len(row["hard_negatives"]) == 2 for row in rows)


@pytest.mark.parametrize("output", ["pairs.csv", "link.csv", "hard.csv", "pairs.index/manifest.json"])
def test_an_output_is_no_input_and_no_file_of_an_index(
    output: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine(capsys)
    (here / "link.csv").symlink_to("pairs.csv")
    os.link(here / "pairs.csv", here / "hard.csv")
    before = (here / "pairs.index" / "manifest.json").read_bytes()
    assert "expected" in mine(capsys, "--index", "pairs.index", "-o", output, code=2)
    assert (here / "pairs.csv").read_text() == PAIRS
    assert (here / "pairs.index" / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("command", [["report", "-o"], ["convert"], ["validate", "--fix"]])
def test_no_command_writes_over_what_it_reads(
    command: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *option = command
    assert call(capsys, name, "pairs.csv", *option, "pairs.csv").code == 2
    assert (here / "pairs.csv").read_text() == PAIRS


def test_a_link_stays_and_what_it_leads_to_is_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "real").mkdir()
    (here / "real" / "out.jsonl").write_text("old")
    (here / "out.jsonl").symlink_to("real/out.jsonl")
    assert call(capsys, "convert", "pairs.csv", "out.jsonl").code == 0
    assert (here / "out.jsonl").is_symlink()
    assert len((here / "real" / "out.jsonl").read_text().splitlines()) == 30


def test_devices_and_pipes_stay_what_they_are(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine(capsys, "-o", "/dev/null")
    assert Path("/dev/null").is_char_device()
    assert not list(Path("/dev").glob("null*.*"))
    os.mkfifo(here / "pipe")
    reader = os.open(here / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert call(capsys, "convert", "pairs.csv", "pipe").code == 0
    assert os.read(reader, 1 << 20).count(b"\n") == 30
    assert (here / "pipe").is_fifo()
    os.close(reader)


def test_the_names_of_files_need_not_be_utf_8(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"l\xe4ng")
    (here / "docs").mkdir()
    (here / "docs" / f"{name}.md").write_text("Press pause.")
    (here / "docs" / "b.md").write_text("Open settings.")
    done = call(capsys, "build-index", "docs", "--encoder", "hashing", "--out", name)
    assert done.code == 0, done.err
    assert "name is not UTF-8" in done.err
    assert call(capsys, "info", name).code == 0
    (here / "pairs.csv").rename(here / f"{name}.csv")
    done = call(capsys, "mine", f"{name}.csv", "--index", name, "-n", 1, "-o", f"{name}.jsonl")
    assert done.code == 0, done.err
    record = json.loads((here / f"{name}.run.json").read_text())
    assert record["arguments"]["output"] == r"l\xe4ng.jsonl"


def test_what_goes_by_has_nothing_beside_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, "mine", "pairs.csv", "--encoder", "hashing", "-n", 2, "-o", "/dev/null")
    assert "beside files alone" in done.err
    assert "next:" not in done.err


def test_an_index_is_built_from_a_pipe(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(here / "pipe")
    text = "id,text\n" + "".join(f"p{n},It is number {n} of them.\n" for n in range(30))
    writer = Thread(target=(here / "pipe").write_text, args=(text,))
    writer.start()
    assert call(capsys, "build-index", "pipe", "--encoder", "hashing", "--out", "index").code == 0
    writer.join()
    assert len(miner.open_index("index")) == 30


@pytest.mark.parametrize(
    "command",
    [
        ["mine", "-", "--encoder", "hashing", "-n", "2", "-o", "out.jsonl"],
        ["convert", "-", "out.jsonl"],
    ],
)
def test_standard_input_is_read(
    command: list[str], here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PAIRS.encode())))
    assert call(capsys, *command).code == 0
    assert len((here / "out.jsonl").read_text().splitlines()) == 30


def test_a_report_of_another_shape_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "prices.csv").write_text("plan,price\nbasic,3\n")
    done = call(capsys, "report", "prices.csv")
    assert (done.code, "found plan, price" in done.err) == (1, True)
    assert not (here / "report.html").exists()


def test_what_was_passed_over_is_in_the_run_record(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "pairs.csv").write_text(PAIRS + "  ,blank\n")
    mine(capsys)
    read = json.loads((here / "pairs.mined.run.json").read_text())["read"]
    assert read["passed_over"] == {"'question' is blank": 1}
    assert read["first"] == [
        {"file": "pairs.csv", "line": 32, "message": "'question' is blank; expected text"}
    ]


def test_a_tool_is_answered_with_its_formats(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, "convert", "pairs.csv", "out.jsonl", "--to", "sentence-transformers")
    assert (done.code, "triplet, n-tuple, labeled-pair, labeled-list" in done.err) == (2, True)
    bare = call(capsys, "convert", "pairs.csv", "out.jsonl", "--to", "triplet(anchor=q)")
    assert (bare.code, "a text wants quotes: anchor='q'" in bare.err) == (2, True)


NAMED = ("--columns", "query=Frage,relevant_passages=Antwort")


def test_explain_and_calibrate_read_columns_by_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "german.csv").write_text(PAIRS.replace("question,answer", "Frage,Antwort").replace("They", "Ä"))
    mine(capsys)
    asked = ("explain", "what is 3 of 3?", "--queries", "german.csv", "--index", "pairs.index")
    done = call(capsys, *asked, *NAMED)
    assert done.code == 0, done.err
    assert "german.csv: pair (query=Frage, relevant_passages=Antwort)" in done.err
    assert "It is number 3 of them." in done.out
    refused = call(capsys, *asked)
    assert (refused.code, "found Frage, Antwort" in refused.err) == (1, True)
    options = ("--index", "pairs.index", "--prior", 0.1, "-o", "c.json")
    done = call(capsys, "calibrate", "german.csv", *options, *NAMED)
    assert done.code == 0, done.err
    assert "fitted by prior" in done.out
    (here / "utf16.csv").write_bytes((here / "german.csv").read_text().encode("utf-16-le"))
    encoded = call(capsys, "calibrate", "utf16.csv", *options, *NAMED, "--encoding", "utf-16-le")
    assert encoded.code == 0, encoded.err


@pytest.mark.parametrize("command", ["train", "evaluate", "split"])
def test_commands_that_read_rows_say_how_they_read_them(
    command: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "german.csv").write_text(PAIRS.replace("question,answer", "Frage,Antwort"))
    help_text = call(capsys, command, "--help").out
    assert "--columns" in help_text
    assert "--encoding" in help_text
    words = {"train": ("german.csv", "-o", "m"), "evaluate": ("m", "german.csv"), "split": ("german.csv",)}
    if command == "split":
        assert "found Frage, Antwort" in call(capsys, command, *words[command]).err


def test_a_record_of_what_was_piped_names_no_temporary_file(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((PAIRS + "  ,blank\n").encode())))
    assert call(capsys, "mine", "-", "--encoder", "hashing", "-n", 2, "-o", "out.jsonl").code == 0
    (first,) = json.loads((here / "out.run.json").read_text())["read"]["first"]
    assert first["file"] == "standard input"
