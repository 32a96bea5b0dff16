"""Judgments in files: the ledger outlives crashes, other files give the same answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from miner.auditing.interview import Question, Reply, interview
from miner.data import Float32
from miner.judging.scoring import scored
from miner.judgments import PERSON, Judgment, JudgmentStore, Pair

PAIRS = [Pair(f"q{i}", f"p{i}", f"id{i}", ("r",)) for i in range(4)]


class Script:
    """Answers in order and remembers what was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.replies, self.asked = list(replies), list[str]()

    def __call__(self, question: Question) -> Reply:
        self.asked.append(question.pair.query)
        return self.replies.pop(0)


def verdicts(store: JudgmentStore, pairs: Sequence[Pair] = PAIRS) -> list[str | None]:
    found = [store.book.find(pair) for pair in pairs]
    return [each.verdict if each else None for each in found]


def test_the_next_start_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    path = tmp_path / "m.judgments.jsonl"
    assert not interview(PAIRS, JudgmentStore(path), Script("answers", "no", "quit"))
    second, store = Script("unsure", "no"), JudgmentStore(path)
    assert interview(PAIRS, store, second)
    assert verdicts(store) == ["answers", "no", "unsure", "no"]
    assert second.asked == ["q2", "q3"]
    first = json.loads(path.read_text().splitlines()[0])
    assert first.pop("at") <= datetime.now(UTC).isoformat()
    assert first == {"query": "q0", "passage": "p0", "id": "id0", "verdict": "answers", "by": PERSON}


def test_back_takes_answers_back_even_those_of_an_earlier_start(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    interview(PAIRS[:2], JudgmentStore(path), Script("answers", "answers"))
    script = Script("back", "back", "back", "no", "no", "quit")
    interview(PAIRS, JudgmentStore(path), script)
    assert script.asked == ["q2", "q1", "q0", "q0", "q1", "q2"]
    assert verdicts(JudgmentStore(path)) == ["no", "no", None, None]


def test_back_leaves_answers_of_other_samples_alone(tmp_path: Path) -> None:
    store = JudgmentStore(tmp_path / "j.jsonl")
    store.append(Judgment.now(PAIRS[3], "answers"))
    interview(PAIRS[:1], store, Script("back", "no"))
    assert verdicts(store) == ["no", None, None, "answers"]


def test_a_killed_process_loses_no_answer_given(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    program = (
        "import sys, time; from pathlib import Path\n"
        "from miner.judgments import Judgment, JudgmentStore, Pair\n"
        "store = JudgmentStore(Path(sys.argv[1]))\n"
        "for i in range(3): store.append(Judgment.now(Pair(f'q{i}', 'p'), 'no'))\n"
        "print('written', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"written\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(JudgmentStore(path).book) == 3


class Lengths:
    """Scores a passage by its length."""

    fingerprint = "lengths"

    def score(self, pairs: Sequence[tuple[str, str]]) -> Float32:
        return np.array([len(passage) for _, passage in pairs], np.float32)


def test_a_model_says_yes_above_the_relevant_passages_median() -> None:
    pairs = [Pair("q", "x" * size, None, ("r" * 10, "r" * 20, "r" * 30)) for size in (15, 20, 21)]
    found = [[opinion.verdict for opinion in scored(pairs, Lengths(), margin)] for margin in (0.0, 0.3)]
    assert found == [["no", "no", "answers"], ["answers", "answers", "answers"]]
