"""Judgments in files: the ledger outlives crashes, other files give the same answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from miner.auditing.interview import Question, Reply, interview
from miner.auditing.judgments import JudgmentLedger, read_judgments
from miner.auditing.model import opinion
from miner.auditing.population import Pair
from miner.data import Float32
from miner.errors import InputError, Locked
from miner.storage.files import write_jsonl

PAIRS = [Pair(f"q{i}", f"p{i}", f"id{i}", ("r",)) for i in range(4)]


class Script:
    """Answers in order and remembers what was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.replies, self.asked = list(replies), list[str]()

    def __call__(self, question: Question) -> Reply:
        self.asked.append(question.pair.query)
        return self.replies.pop(0)


def test_the_next_start_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    path = tmp_path / "m.judgments.jsonl"
    with JudgmentLedger(path) as ledger:
        assert not interview(PAIRS, ledger, Script("yes", "no", "quit"))
    second = Script("unsure", "no")
    with JudgmentLedger(path) as ledger:
        assert interview(PAIRS, ledger, second)
        assert list(ledger.answers.values()) == ["yes", "no", "unsure", "no"]
    assert second.asked == ["q2", "q3"]
    assert json.loads(path.read_text().splitlines()[0]) == {
        "query": "q0",
        "passage": "p0",
        "id": "id0",
        "answers": "yes",
    }


def test_back_takes_answers_back_even_those_of_an_earlier_start(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    with JudgmentLedger(path) as ledger:
        interview(PAIRS[:2], ledger, Script("yes", "yes"))
    script = Script("back", "back", "back", "no", "no", "quit")
    with JudgmentLedger(path) as ledger:
        interview(PAIRS, ledger, script)
    assert script.asked == ["q2", "q1", "q0", "q0", "q1", "q2"]
    assert [json.loads(line)["answers"] for line in path.read_text().splitlines()] == ["no", "no"]


def test_back_leaves_answers_of_other_samples_alone(tmp_path: Path) -> None:
    with JudgmentLedger(tmp_path / "j.jsonl") as ledger:
        ledger.append(PAIRS[3], "yes")
        interview(PAIRS[:1], ledger, Script("back", "no"))
        assert ledger.answers == {PAIRS[3].key: "yes", PAIRS[0].key: "no"}


def test_a_line_cut_short_is_dropped_and_a_whole_one_without_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    whole = b'{"query":"q0","passage":"p0","answers":"yes"}'
    for tail, kept in ((b"\n" + whole[:20], 1), (b"", 1)):
        path.write_bytes(whole + tail)
        with JudgmentLedger(path) as ledger:
            assert len(ledger.answers) == kept
            ledger.append(PAIRS[1], "no")
        assert len(path.read_bytes().splitlines()) == 2
        assert path.read_bytes().startswith(whole + b"\n")


def test_a_killed_process_loses_no_answer_given(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    program = (
        "import sys, time; from pathlib import Path\n"
        "from miner.auditing.judgments import JudgmentLedger; from miner.auditing.population import Pair\n"
        "with JudgmentLedger(Path(sys.argv[1])) as ledger:\n"
        "    for i in range(3): ledger.append(Pair(f'q{i}', 'p', None, ('r',)), 'no')\n"
        "    print('written', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"written\n"
    with pytest.raises(Locked, match="another audit"), JudgmentLedger(path):
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with JudgmentLedger(path) as ledger:
        assert len(ledger.answers) == 3


def test_a_line_that_is_no_judgment_is_named(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    write_jsonl(path, [{"query": "q", "passage": "p", "answers": "maybe"}])
    with pytest.raises(InputError, match=r"j\.jsonl:1: 'answers' is 'maybe'; expected one of yes"):
        read_judgments(path)
    with pytest.raises(InputError, match=r":1: 'answers'"), JudgmentLedger(path):
        pass
    write_jsonl(path, [{"query": "q", "answers": "no"}])
    with pytest.raises(InputError, match="names no passage"):
        read_judgments(path)


def test_judgments_are_found_by_text_and_by_id(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    write_jsonl(
        path,
        [
            {"query": "q0", "passage": "p0", "answers": "no"},
            {"query": "q0", "passage": "p0", "answers": "yes"},
            {"query": "q1", "id": "id1", "answers": "unsure"},
        ],
    )
    assert [read_judgments(path).find(pair) for pair in PAIRS] == ["yes", "unsure", None, None]


def test_qrels_name_queries_by_text_or_by_id(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "queries.jsonl", [{"_id": "A", "text": "q1"}])
    (tmp_path / "qrels").mkdir()
    path = tmp_path / "qrels" / "test.tsv"
    path.write_text("query-id\tcorpus-id\tscore\nq0\tid0\t2\nA\tid1\t0\nA\tp1\t0\nq2\tp2\t1\n")
    assert [read_judgments(path).find(pair) for pair in PAIRS] == ["yes", "no", "yes", None]


class Lengths:
    """Scores a passage by its length."""

    fingerprint = "lengths"

    def score(self, pairs: Sequence[tuple[str, str]]) -> Float32:
        return np.array([len(passage) for _, passage in pairs], np.float32)


def test_a_model_says_yes_above_the_relevant_passages_median() -> None:
    pairs = [Pair("q", "x" * size, None, ("r" * 10, "r" * 20, "r" * 30)) for size in (15, 20, 21)]
    assert opinion(pairs, Lengths()) == ["no", "no", "yes"]
    assert opinion(pairs, Lengths(), margin=0.3) == ["yes", "yes", "yes"]
