"""miner audit as a user meets it: in a terminal, from files, and back into the queries."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import pytest
from rich.console import Console

from miner.auditing.interview import Question
from miner.cli.interview_terminal import page
from miner.corpus.queries import read_queries
from miner.judgments import Pair
from miner.storage.files import write_jsonl
from tests.support.audited import write_mined
from tests.support.commandline import call

HOSTILE = "fine\x1b[2J\x1b]0;title\x07\x9b31m\r\u202eevil\u2066 end\nsecond line"


def records(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def judge_all(mined: Path, to: Path) -> Path:
    """Judge every negative by the truth that its text tells."""
    write_jsonl(
        to,
        [
            {
                "query": row["query"],
                "passage": text,
                "verdict": "answers" if text.startswith("right") else "no",
            }
            for row in map(json.loads, mined.read_text().splitlines())
            for text in row["hard_negatives"]
        ],
    )
    return to


class Session:
    """`miner audit` in a pseudo-terminal of 100 columns; stdout goes to a file."""

    def __init__(self, out: Path, *arguments: object) -> None:
        self.master, slave = pty.openpty()
        self.screen = ""
        command = [sys.executable, "-c", "from miner.cli import main; main()", "audit", *map(str, arguments)]
        with out.open("wb") as stdout:
            self.process = subprocess.Popen(
                command,
                stdin=slave,
                stdout=stdout,
                stderr=slave,
                start_new_session=True,
                env={**os.environ, "COLUMNS": "100", "TERM": "xterm"},
            )
        os.close(slave)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def expect(self, text: str) -> str:
        """What appears up to the text."""
        before, deadline = len(self.screen), time.monotonic() + 30
        while text not in self.screen[before:]:
            assert select.select([self.master], [], [], deadline - time.monotonic())[0], self.screen
            self.screen += os.read(self.master, 65536).decode()
        return self.screen[before:]

    def press(self, key: str) -> None:
        os.write(self.master, key.encode())

    def end(self) -> int:
        while True:
            assert select.select([self.master], [], [], 30)[0], self.screen
            try:
                if not (data := os.read(self.master, 65536)):
                    break
            except OSError:
                break
            self.screen += data.decode()
        return self.process.wait(30)


def test_a_session_asks_goes_back_stops_and_continues(tmp_path: Path) -> None:
    mined, out = write_mined(tmp_path / "m.jsonl", 20), tmp_path / "out.json"
    with Session(out, mined, "-k", 5, "--json") as session:
        assert "1 of 5" in session.expect("q quit")
        session.press("\x1b[B")
        assert "no such key" in session.expect("q quit")
        session.press("y")
        assert "2 of 5" in session.expect("q quit")
        session.press("b")
        assert "1 of 5" in session.expect("q quit")
        session.press("n")
        session.expect("q quit")
        session.press("q")
        assert session.end() == 0
    assert json.loads(out.read_bytes())["unanswered"] == 4
    with Session(out, mined, "-k", 5, "--json") as session:
        for number, key in enumerate("yuny", 2):
            assert f"{number} of 5" in session.expect("q quit")
            session.press(key)
        assert session.end() == 0
    found = json.loads(out.read_bytes())
    assert [found[name] for name in ("yes", "no", "unsure", "unanswered")] == [2, 2, 1, 0]
    assert [record["verdict"] for record in records(tmp_path / "m.judgments.jsonl")] == [
        "answers",
        "withdrawn",
        "no",
        "answers",
        "unsure",
        "no",
        "answers",
    ]
    assert len(records(tmp_path / "m.suggested_positives.jsonl")) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_session_keeps_what_was_answered(tmp_path: Path, number: int) -> None:
    mined = write_mined(tmp_path / "m.jsonl", 20)
    with Session(tmp_path / "out", mined, "-k", 5) as session:
        session.expect("q quit")
        session.press("y")
        session.expect("q quit")
        os.kill(session.process.pid, number)
        assert session.end() == (130 if number == signal.SIGINT else -signal.SIGKILL)
    assert [record["verdict"] for record in records(tmp_path / "m.judgments.jsonl")] == ["answers"]
    assert not list(tmp_path.glob(".*tmp"))


def test_a_session_shows_neither_risk_nor_escape_sequences(tmp_path: Path) -> None:
    mined = tmp_path / "m.jsonl"
    row = {"query": f"q {HOSTILE}", "relevant_passages": [HOSTILE], "hard_negatives": [HOSTILE + "!"]}
    write_jsonl(mined, [row])
    with Session(tmp_path / "out", mined) as session:
        shown = session.expect("q quit")
        session.press("q")
        session.end()
    for sign in ("\x1b[2J", "\x1b]0", "\x07", "\x9b", "\u202e", "\u2066"):
        assert sign not in shown
    assert "\\x1b" in shown
    assert "second line" in shown
    assert "risk" not in shown


def rendered(width: int) -> str:
    pair = Pair("the query", "candidate text", None, ("first relevant", "second [red]relevant[/red]"))
    console = Console(file=io.StringIO(), width=width, markup=False)
    console.print(page(Question(pair, 0, 9), width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_texts_stand_side_by_side_where_the_terminal_is_wide_enough() -> None:
    assert any("first relevant" in line and "candidate text" in line for line in rendered(100).splitlines())
    narrow = rendered(60).splitlines()
    assert not any("first relevant" in line and "candidate text" in line for line in narrow)
    assert any("second [red]relevant[/red]" in line for line in narrow)


def test_judging_everything_from_a_file_gives_the_true_rate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mined = write_mined(tmp_path / "m.jsonl", 200, given=1)
    judgments = judge_all(mined, tmp_path / "j.jsonl")
    done = call(capsys, "audit", mined, "-k", 0, "--judgments", judgments, "--target", 0.02, "--json")
    found = json.loads(done.out)
    truth = mined.read_text().count('"right answer') / 1000
    assert truth > 0.03
    assert (found["negatives"], found["given_negatives_left_out"], found["scale"]) == (1000, 200, "risk")
    assert found["rate"] == found["low"] == found["high"] == pytest.approx(truth)
    cap = found["target"]["sure_cap"]
    receipts = [json.loads(line) for line in (tmp_path / "m.receipts.jsonl").read_text().splitlines()]
    rows = [json.loads(line) for line in mined.read_text().splitlines()]
    below = [
        text.startswith("right")
        for row, receipt in zip(rows, receipts, strict=True)
        for text, entry in zip(row["hard_negatives"], receipt["negatives"], strict=True)
        if entry["source"] != "given" and entry["risk"] <= cap["cap"]
    ]
    assert cap["kept"] == len(below) / 1000
    assert cap["rate"] == pytest.approx(sum(below) / len(below), abs=1e-6)
    assert 0.01 < cap["rate"] <= 0.02


def test_the_table_tells_strata_interval_unsure_and_cap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mined = write_mined(tmp_path / "m.jsonl", 100)
    judgments = judge_all(mined, tmp_path / "j.jsonl")
    judgments.write_text(judgments.read_text().replace('"answers"', '"unsure"', 5))
    done = call(capsys, "audit", mined, "-k", 0, "--judgments", judgments, "--target", "0.01")
    lines = done.out.splitlines()
    assert sum(line.startswith("risk 0.") for line in lines) == 4
    assert any(line.startswith("all, unsure taken for yes") for line in lines)
    assert "--max-risk 0." in done.out
    assert f"judged by the judgments in {judgments}" in done.out


def test_without_receipts_the_rate_is_measured_and_no_cap_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mined = write_mined(tmp_path / "m.jsonl", 40, scale=None)
    judgments = judge_all(mined, tmp_path / "j.jsonl")
    done = call(capsys, "audit", mined, "--judgments", judgments, "--target", "0.05")
    assert "no cap can be told" in done.out
    assert "200    100" in done.out


def test_without_risk_the_cap_is_a_margin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mined = write_mined(tmp_path / "m.jsonl", 40, scale="share")
    judgments = judge_all(mined, tmp_path / "j.jsonl")
    done = call(capsys, "audit", mined, "-k", 0, "--judgments", judgments, "--target", "0.01")
    assert "share 0." in done.out
    assert "margin(relative=0." in done.out


def test_false_negatives_go_back_into_queries_that_mining_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mined = tmp_path / "m.jsonl"
    rows = [
        {"query": "a", "relevant_passages": ["r"], "hard_negatives": ["right 1", "wrong 1"]},
        {"query": "b", "relevant_passages": ["r"], "hard_negatives": ["right 2"]},
        {"query": "gone", "relevant_passages": ["r"], "hard_negatives": ["right 3"]},
    ]
    write_jsonl(mined, rows)
    entry = {"source": "c:1", "similarity": 0.5, "share": 0.5, "risk": 0.1}
    write_jsonl(
        tmp_path / "m.receipts.jsonl",
        [
            {
                "query": row["query"],
                "relevant": [{}],
                "negatives": [entry | {"id": f"id of {text}"} for text in row["hard_negatives"]],
            }
            for row in rows
        ],
    )
    done = call(capsys, "audit", mined, "--judgments", judge_all(mined, tmp_path / "j.jsonl"))
    assert "3 confirmed false negatives" in done.err
    suggested = read_queries(tmp_path / "m.suggested_positives.jsonl")
    assert {(q.text, q.relevant_passages, q.relevant_ids) for q in suggested} == {
        ("a", ("right 1",), ("id of right 1",)),
        ("b", ("right 2",), ("id of right 2",)),
        ("gone", ("right 3",), ("id of right 3",)),
    }
    queries = tmp_path / "q.jsonl"
    write_jsonl(
        queries,
        [
            {"query": "b", "relevant_ids": ["x"], "note": 1},
            {"query": "a", "relevant_passages": ["r"], "hard_negatives": ["right 1", "z"]},
            {"query": "other", "relevant_passages": ["o"]},
        ],
    )
    expected = [
        {"query": "b", "relevant_ids": ["x", "id of right 2"], "note": 1},
        {"query": "a", "relevant_passages": ["r", "right 1"], "hard_negatives": ["z"]},
        {"query": "other", "relevant_passages": ["o"]},
    ]
    done = call(capsys, "audit", mined, "--merge", queries, "-o", tmp_path / "new.jsonl")
    assert (done.code, done.out) == (0, "")
    assert "2 relevant passages added" in done.err
    assert "1 left out" in done.err
    assert records(tmp_path / "new.jsonl") == expected
    again = call(capsys, "audit", mined, "--merge", tmp_path / "new.jsonl", "-o", tmp_path / "new2.jsonl")
    assert "0 relevant passages added, 2 known before" in again.err
    assert records(tmp_path / "new2.jsonl") == expected


def test_a_suggestion_stays_until_it_is_judged_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mined, suggested = write_mined(tmp_path / "m.jsonl", 40), tmp_path / "m.suggested_positives.jsonl"
    judgments = judge_all(mined, tmp_path / "j.jsonl")
    call(capsys, "audit", mined, "-k", 0, "--judgments", judgments)
    before = len(records(suggested))
    call(capsys, "audit", mined, "-k", 10, "--judgments", judgments)
    assert len(records(suggested)) == before > 0
    judgments.write_text(judgments.read_text().replace('"answers"', '"no"'))
    call(capsys, "audit", mined, "-k", 0, "--judgments", judgments)
    assert not suggested.exists()


def test_a_broken_query_file_leaves_nothing_half_merged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_jsonl(tmp_path / "m.suggested_positives.jsonl", [{"query": "a", "relevant_passages": ["p"]}])
    (tmp_path / "q.jsonl").write_text('{"query": "a", "relevant_passages": ["r"]}\n{"query": 1}\n')
    (tmp_path / "new.jsonl").write_text("old")
    done = call(
        capsys, "audit", tmp_path / "m.jsonl", "--merge", tmp_path / "q.jsonl", "-o", tmp_path / "new.jsonl"
    )
    assert (done.code, (tmp_path / "new.jsonl").read_text()) == (1, "old")
    assert "q.jsonl:2:" in done.err


def test_a_file_that_names_all_answers_is_complete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mined = write_mined(tmp_path / "m.jsonl", 200)
    whole = records(judge_all(mined, tmp_path / "j.jsonl"))
    write_jsonl(tmp_path / "p.jsonl", [each for each in whole if each["verdict"] == "answers"])
    known = {each["query"] for each in records(tmp_path / "p.jsonl")}
    done = call(capsys, "audit", mined, "-k", 0, "--judgments", tmp_path / "p.jsonl", "--json")
    assert json.loads(done.out)["rate"] == 1.0
    assert "if it names all that do: --complete" in done.err
    done = call(capsys, "audit", mined, "-k", 0, "--judgments", tmp_path / "p.jsonl", "--complete", "--json")
    found = json.loads(done.out)
    assert found["yes"] == mined.read_text().count('"right answer')
    assert found["yes"] + found["no"] == sum(each["query"] in known for each in whole)
    assert done.err.count("--complete") == 0


def test_people_and_a_judge_together_give_a_narrower_interval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mined = write_mined(tmp_path / "m.jsonl", 400)
    Path("nearly.py").write_text(
        "def judge(query, passage):\n    return passage.startswith('right') or len(passage) % 31 == 0\n"
    )
    judge = ["--judge", "function(path='nearly:judge')"]
    alone = json.loads(call(capsys, "audit", mined, *judge, "--json").out)
    assert (alone["opinion_of_a_model"], alone["drawn"]) == (True, 1000)
    from miner.auditing import draw, read_population, stratify
    from miner.judgments import Judgment, JudgmentStore

    population = read_population(mined, 0)
    drawn = population.pairs([member for _, member in draw(stratify(population), 150)])
    store = JudgmentStore(tmp_path / "m.judgments.jsonl")
    store.append(*(Judgment.now(p, "answers" if p.passage.startswith("right") else "no") for p in drawn))
    found = json.loads(call(capsys, "audit", mined, *judge, "--json").out)
    both, people = found["assisted"], found["assisted"]["people_alone"]
    assert (both["judged_by_people"], both["judged_by_judge"], both["helps"]) == (150, 1000, True)
    assert found["drawn"] == 150
    assert both["high"] - both["low"] < 0.9 * (people["high"] - people["low"])
    truth = mined.read_text().count('"right answer') / found["negatives"]
    assert both["low"] <= truth <= both["high"]
    shown = call(capsys, "audit", mined, *judge).out
    assert "all, with the judge" in shown
    assert "the judge judged 1,000, people 150 of them; they agree with φ = 0." in shown


def test_a_model_is_named_as_one_and_confirms_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.support.tiny_models import make_cross_encoder

    mined = write_mined(tmp_path / "m.jsonl", 4)
    done = call(capsys, "audit", mined, "--judge", make_cross_encoder(tmp_path / "ce"))
    assert done.code == 0
    assert "a model's opinion, not a measured rate" in done.out
    assert not (tmp_path / "m.suggested_positives.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--merge", "q.jsonl"], "--merge QUERIES and -o NEW_QUERIES go together"),
        (["--complete"], "expected --judgments FILE"),
        (["--judgments", "j.jsonl", "--judge", "m"], "answers come from --judgments or from --judge"),
        ([], "no terminal to ask in"),
        (["--judgments", "none.jsonl"], "none.jsonl: no such file"),
        (["--merge", "q.csv", "-o", "n.jsonl"], "merged into JSONL queries"),
        (["--merge", "q.jsonl", "-o", "n.jsonl"], "an audit that finds false negatives writes it"),
    ],
)
def test_misuse_is_one_sentence(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    write_mined(tmp_path / "m.jsonl", 3)
    done = call(capsys, "audit", "m.jsonl", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
