"""Judgments in files: written by several at once, outliving crashes, found whatever the text's dress."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from miner.errors import InputError, OutputError
from miner.judging import FunctionJudge, Panel
from miner.judgments import PERSON, Judgment, JudgmentBook, JudgmentStore, Pair, Verdict, read_judgments
from miner.judgments.errors import JudgeErrors
from miner.judgments.known import KnownJudgments, Standing
from miner.judgments.record import key_of
from miner.reporting import report
from miner.storage.files import write_jsonl
from tests.support.commandline import call

PAIRS = [Pair(f"q{i}", f"p{i}", f"id{i}", ("r",)) for i in range(4)]


def said(book: JudgmentBook, pairs: Sequence[Pair] = PAIRS) -> list[str | None]:
    found = [book.find(pair) for pair in pairs]
    return [each.verdict if each else None for each in found]


def test_a_line_cut_short_is_dropped_and_a_whole_one_without_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    whole = b'{"query":"q0","passage":"p0","verdict":"answers"}'
    for tail in (b"\n" + whole[:20], b""):
        path.write_bytes(whole + tail)
        store = JudgmentStore(path)
        assert said(store.book) == ["answers", None, None, None]
        store.append(Judgment.now(PAIRS[1], "no"))
        assert said(store.book) == said(read_judgments(path)) == ["answers", "no", None, None]
        assert path.read_bytes().startswith(whole + b"\n")


def test_several_writers_lose_nothing_and_see_each_other(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    program = (
        "import sys; from pathlib import Path\n"
        "from miner.judgments import Judgment, JudgmentStore, Pair\n"
        "store = JudgmentStore(Path(sys.argv[1]))\n"
        "for i in range(50): store.append(Judgment.now(Pair(f'q{i} {sys.argv[2]}', 'p'), 'no'))\n"
    )
    store = JudgmentStore(path)
    writers = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in "ab"]
    for i in range(50):
        store.append(Judgment.now(Pair(f"q{i} c", "p"), "no"))
    assert [writer.wait() for writer in writers] == [0, 0]
    store.refresh()
    assert len(store.book) == len(path.read_bytes().splitlines()) == 150
    assert len(JudgmentStore(path).book) == 150


def test_what_is_taken_back_gives_way_to_what_was_said_before(tmp_path: Path) -> None:
    store = JudgmentStore(tmp_path / "j.jsonl")
    first, second = Judgment.now(PAIRS[0], "no"), Judgment.now(PAIRS[0], "answers")
    store.append(first, second)
    for expected in ("no", None, None):
        store.withdraw(second)
        assert said(store.book)[0] == said(JudgmentStore(store.path).book)[0] == expected


def test_a_person_goes_before_a_judge_and_a_later_judge_before_an_earlier() -> None:
    pair = PAIRS[0]
    book = JudgmentBook.of([Judgment.now(pair, "no", "a"), Judgment.now(pair, "answers", "b")])
    assert said(book)[0] == "answers"
    book.add(Judgment.now(pair, "partly"))
    book.add(Judgment.now(pair, "no", "b"))
    assert said(book)[0] == "partly"
    assert (book.find(pair, "a"), book.find(pair, "b x")) == (book.history[0], None)


def test_a_judgment_outlives_case_space_and_punctuation(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "j.jsonl", [{"query": "How  late?", "passage": "At NINE.", "verdict": "yes"}])
    book = read_judgments(tmp_path / "j.jsonl")
    assert said(book, [Pair("how late", "at nine"), Pair("how late", "at ten")]) == ["answers", None]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"query": "q", "passage": "p", "verdict": "maybe"}, "'verdict' is 'maybe'; expected one of answers"),
        ({"query": "q", "passage": "p"}, "'verdict' is None"),
        ({"query": "q", "verdict": "no"}, "names no passage"),
        ({"query": 1, "passage": "p", "verdict": "no"}, "has no 'query'"),
        ({"query": "q", "passage": ["p"], "verdict": "no"}, "'passage' is a list; expected a string"),
        ({"query": "q", "passage": "p", "verdict": "no", "score": "x"}, "'score' is a string"),
    ],
)
def test_a_line_that_is_no_judgment_is_named(record: dict[str, object], message: str, tmp_path: Path) -> None:
    write_jsonl(path := tmp_path / "j.jsonl", [record])
    for reader in (read_judgments, JudgmentStore):
        with pytest.raises(InputError, match=rf"j\.jsonl:1: {message}"):
            reader(path)


def test_judgments_are_found_by_text_and_by_id(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    write_jsonl(
        path,
        [
            {"query": "q0", "passage": "p0", "verdict": "no"},
            {"query": "q0", "passage": "p0", "verdict": "answers"},
            {"query": "q1", "id": "id1", "verdict": "unsure"},
            {"query": "q2", "passage": "another text", "id": "id2", "verdict": "no"},
        ],
    )
    assert said(read_judgments(path)) == ["answers", "unsure", None, None]


def test_qrels_name_queries_by_text_or_by_id(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "queries.jsonl", [{"_id": "A", "text": "q1"}])
    (tmp_path / "qrels").mkdir()
    path = tmp_path / "qrels" / "test.tsv"
    path.write_text("query-id\tcorpus-id\tscore\nq0\tid0\t2\nA\tid1\t0\nA\tp1\t0\nq2\tp2\t1\n")
    assert said(read_judgments(path)) == ["answers", "no", "answers", None]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        JudgmentStore(tmp_path / "f" / "j.jsonl").append(Judgment.now(PAIRS[0], "no"))


def test_errors_are_counted_with_intervals_and_unsure_never_speaks_for_no() -> None:
    errors = JudgeErrors({"answers": 43, "partly": 2, "no": 3, "unsure": 2}, {"no": 38, "answers": 2})
    assert (errors.sensitivity.rate, errors.specificity.rate) == (0.9, 0.95)
    assert [round(end, 3) for end in errors.sensitivity.interval] == [0.786, 0.957]
    assert errors.factor("no") == pytest.approx((3.5 / 52) / (38.5 / 42))
    assert errors.factor("answers") > 10
    assert JudgeErrors({"answers": 9, "no": 1}, {"no": 5, "unsure": 5}).factor("unsure") == 1.0
    assert errors.tells
    assert not JudgeErrors({"answers": 30, "no": 20}, {"answers": 28, "no": 22}).tells
    assert not JudgeErrors().tells


def known(tmp_path: Path, *judgments: Judgment) -> KnownJudgments:
    JudgmentStore(tmp_path / "j.jsonl").append(*judgments)
    return KnownJudgments.of(tmp_path / "j.jsonl")


SAID: list[tuple[Verdict, str]] = [
    ("answers", PERSON),
    ("partly", "f.jsonl"),
    ("no", PERSON),
    ("unsure", PERSON),
]
TRIED: list[tuple[str, Verdict, int]] = [("answers", "answers", 45), ("answers", "no", 5), ("no", "no", 50)]


def test_who_was_never_on_trial_is_believed(tmp_path: Path) -> None:
    found = known(
        tmp_path,
        *(Judgment.now(Pair("q", f"p {verdict}"), verdict, by) for verdict, by in SAID),
    ).about("q")
    standings = {verdict: found[key_of(f"p {verdict}")].standing for verdict in ("answers", "partly", "no")}
    assert standings == {
        "answers": Standing.REFUSED,
        "partly": Standing.REFUSED,
        "no": Standing.VERIFIED,
    }
    assert (found[key_of("p unsure")].standing, found[key_of("p unsure")].factor) == (Standing.OPEN, 1.0)


def test_a_judge_on_trial_moves_the_odds_and_a_person_overrules_it(tmp_path: Path) -> None:
    from dataclasses import replace

    trial = [
        replace(Judgment.now(Pair("q", f"{truth} {i}"), verdict, "m", "f00"), known=truth)
        for truth, verdict, count in TRIED
        for i in range(count)
    ]
    trial = [replace(each, passage=f"{each.passage} {n}") for n, each in enumerate(trial)]
    asked = [Judgment.now(Pair("x", "a"), "no", "m", "f00"), Judgment.now(Pair("x", "b"), "no", "m", "f00")]
    found = known(tmp_path, *trial, *asked, Judgment.now(Pair("x", "b"), "answers"))
    assert found.errors["m f00"].sensitivity.rate == 0.9
    about = found.about("x")
    assert about[key_of("a")].standing == Standing.OPEN
    assert about[key_of("a")].factor == pytest.approx((5.5 / 52) / (50.5 / 52))
    assert about[key_of("b")].standing == Standing.REFUSED


def test_validating_and_reporting_name_negatives_that_were_judged_to_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"query": "q", "relevant_passages": ["r"], "hard_negatives": ["fine", "Answers it", "in part"]}
    write_jsonl(tmp_path / "t.jsonl", [row, {**row, "query": "other"}])
    JudgmentStore(tmp_path / "t.judgments.jsonl").append(
        Judgment.now(Pair("q", "fine"), "no"),
        Judgment.now(Pair("q", "answers it"), "answers"),
        Judgment.now(Pair("q", "in part"), "partly", "m"),
    )
    done = call(capsys, "validate", tmp_path / "t.jsonl", "--max-tokens", 0)
    found = [line for line in done.out.splitlines() if "judged-to-answer" in line]
    assert len(found) == 2
    assert (
        "t.jsonl:1: warning [judged-to-answer] hard negative 'Answers it' answers the query, says a person"
        in found[0]
    )
    assert "partly answers the query, says m" in found[1]
    shown = report(tmp_path / "t.jsonl", judgments=tmp_path / "t.judgments.jsonl").statistics()
    rules = {each["rule"]: each["count"] for each in shown["training"]["findings"]}
    assert rules["judged-to-answer"] == 2
    assert "judged-to-answer" not in {
        each["rule"] for each in report(tmp_path / "t.jsonl").statistics()["training"]["findings"]
    }


def test_nobody_is_asked_for_what_could_not_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"j\.jsonl: cannot be written \(.*file is not a folder\)"):
        JudgmentStore(tmp_path / "file" / "j.jsonl").check()
    asked: list[tuple[str, str]] = []

    def never(query: str, passage: str) -> bool:
        asked.append((query, passage))
        return False

    judge = FunctionJudge(never)
    panel = Panel([judge], JudgmentStore(tmp_path / "file" / "j.jsonl"))
    with pytest.raises(OutputError):
        panel.ask(judge, [Pair("q", "a")])
    assert asked == []
    JudgmentStore(tmp_path / "new" / "j.jsonl").check()
    assert not (tmp_path / "new").exists()
