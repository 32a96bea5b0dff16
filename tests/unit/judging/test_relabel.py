"""miner relabel: what answers becomes relevant, or goes, or is replaced; receipts say who said so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from miner.data import Row
from miner.judging import FunctionJudge, Panel
from miner.judging.relabel import relabel
from miner.judgments import Judgment, JudgmentStore, Pair, Verdict
from miner.storage.files import write_jsonl
from tests.support.commandline import call


def rows(count: int = 30) -> list[Row]:
    """Of each row's negatives the first answers, the second does in part, the third nobody can tell."""
    return [
        Row(
            f"query {n}",
            (f"known answer {n}",),
            (f"hidden answer {n}", f"half of it {n}", f"who knows {n}", f"something else {n}"),
        )
        for n in range(count)
    ]


def truth(query: str, passage: str) -> Verdict:
    if query.split()[-1] != passage.split()[-1]:
        return "no"
    words: dict[str, Verdict] = {"known": "answers", "hidden": "answers", "half": "partly", "who": "unsure"}
    return words.get(passage.split()[0], "no")


def panel(tmp_path: Path, *functions: object) -> Panel:
    judges = [FunctionJudge(each, f"judge {n}") for n, each in enumerate(functions)]  # type: ignore[arg-type]
    return Panel(judges, JudgmentStore(tmp_path / "j.jsonl"))


def test_what_answers_is_promoted_what_does_in_part_goes_what_is_unsure_stays(tmp_path: Path) -> None:
    done = relabel(rows(), panel(tmp_path, truth))
    assert done.rows[3] == Row(
        "query 3", ("known answer 3", "hidden answer 3"), ("who knows 3", "something else 3")
    )
    by = JudgmentStore(tmp_path / "j.jsonl").book.history[0].judge
    judged = [entry["judged"] for entry in done.receipts[3]["negatives"]]
    assert judged == [{"verdict": "unsure", "by": by}, {"verdict": "no", "by": by}]
    assert [entry.get("judged") for entry in done.receipts[3]["relevant"]] == [
        None,
        {"verdict": "answers", "by": by},
    ]
    counts = done.counts
    assert dict(counts.pairs) == {"answers": 30, "partly": 30, "unsure": 30, "no": 30}
    assert (counts.promoted, counts.dropped, counts.rows_changed) == (30, 30, 30)
    assert (counts.negatives, counts.negatives_after, counts.relevant_after) == (120, 60, 60)
    assert done.trials[0].errors.sensitivity.rate == 1.0


def test_dropping_leaves_relevant_passages_alone(tmp_path: Path) -> None:
    done = relabel(rows(), panel(tmp_path, truth), promote=False)
    assert done.rows[0].relevant_passages == ("known answer 0",)
    assert (done.counts.promoted, done.counts.dropped) == (0, 60)


def test_a_query_with_too_many_answers_is_set_aside_as_it_was(tmp_path: Path) -> None:
    vague = Row("query 0", ("known answer 0",), tuple(f"hidden {n} answer 0" for n in range(3)))
    done = relabel([vague, *rows()[1:]], panel(tmp_path, truth), ambiguous=2)
    assert done.ambiguous == [vague]
    assert len(done.rows) == 29
    assert done.counts.ambiguous == 1


def test_a_second_judge_is_asked_what_the_first_did_not_pass_and_has_the_last_word(tmp_path: Path) -> None:
    seen = list[str]()

    def strict(query: str, passage: str) -> Verdict:
        seen.append(passage)
        verdict = truth(query, passage)
        return "no" if passage.startswith("hidden") else verdict

    done = relabel(rows(), panel(tmp_path, truth, strict))
    assert done.counts.promoted == 0
    assert done.rows[0].hard_negatives == ("hidden answer 0", "who knows 0", "something else 0")
    assert not [text for text in seen if text.startswith("something")]


def test_a_person_overrules_the_judges_and_is_not_asked_about(tmp_path: Path) -> None:
    asked = panel(tmp_path, truth)
    asked.store.append(Judgment.now(Pair("query 0", "hidden answer 0"), "no"))
    asked.store.append(Judgment.now(Pair("query 1", "something else 1"), "answers"))
    done = relabel(rows(), asked)
    assert "hidden answer 0" in done.rows[0].hard_negatives
    assert "something else 1" in done.rows[1].relevant_passages
    assert asked.said(asked.judges[0], Pair("query 0", "hidden answer 0")) is None


def test_what_copies_a_promoted_passage_goes_with_it(tmp_path: Path) -> None:
    long = "hidden answer that tells at some length how late the shop is open on every day of the week"

    def once(query: str, passage: str) -> Verdict:
        return "no" if passage.startswith("Please") else truth(query, passage)

    copy = f"Please note: {long}"
    made = [
        Row(r.query, r.relevant_passages, (f"{long} {n}", f"{long.upper()}! {n}", f"{copy} {n}"))
        for n, r in enumerate(rows())
    ]
    done = relabel(made, panel(tmp_path, once))
    assert {row.hard_negatives for row in done.rows} == {()}
    assert done.rows[7].relevant_passages == ("known answer 7", f"{long} 7")
    assert (done.counts.promoted, done.counts.dropped, done.counts.copies) == (30, 60, 30)


def test_a_negative_that_another_makes_relevant_is_never_left_beside_it(tmp_path: Path) -> None:
    done = relabel(rows(), panel(tmp_path, truth))
    for row in done.rows:
        assert not set(row.hard_negatives) & set(row.relevant_passages)


JUDGE = (
    "def judge(query, passage):\n"
    "    same = query.split()[-1] == passage.split()[-1]\n"
    "    return same and passage.split()[0] in ('known', 'hidden')\n"
)


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("truth.py").write_text(JUDGE)
    made = [
        {"query": r.query, "relevant_passages": r.relevant_passages, "hard_negatives": r.hard_negatives}
        for r in rows()
    ]
    write_jsonl(Path("train.jsonl"), made)
    return Path("train.jsonl")


def test_the_command_line_writes_rows_receipts_suggestions_and_a_summary(
    train: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judge = ["--judge", "function(path='truth:judge', trial=25)"]
    done = call(capsys, "relabel", train, *judge, "-o", "new.jsonl", "--dry-run")
    assert (done.code, "about 120 pairs" in done.err, Path("new.jsonl").exists()) == (0, True, False)
    done = call(capsys, "relabel", train, *judge, "-o", "new.jsonl", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["promoted"] == 30
    assert "hard negatives" in done.err
    first = json.loads(Path("new.jsonl").read_text().splitlines()[0])
    assert first["relevant_passages"] == ["known answer 0", "hidden answer 0"]
    assert len(Path("new.receipts.jsonl").read_text().splitlines()) == 30
    assert len(Path("new.suggested_positives.jsonl").read_text().splitlines()) == 30
    checked = call(capsys, "validate", "new.jsonl", "--max-tokens", 0)
    assert [line for line in checked.out.splitlines() if "few-queries" not in line] == []
    again = call(capsys, "relabel", train, "-o", "b.jsonl", "--drop")
    assert "0 negatives promoted" in again.err
    assert json.loads(Path("b.jsonl").read_text().splitlines()[0])["relevant_passages"] == ["known answer 0"]


def test_other_formats_are_read_and_written(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "convert", train, "t.parquet", "--to", "triplet").code == 0
    judge = ["--judge", "function(path='truth:judge')"]
    done = call(capsys, "relabel", "t.parquet", *judge, "-o", "n.jsonl", "--to", "cohere")
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in Path("n.jsonl").read_text().splitlines()]
    assert sum(len(row["relevant_passages"]) for row in rows) == 60


def test_what_goes_is_replaced_out_of_an_index(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [f"{word} {n}" for n in range(30) for word in ("known answer", "hidden answer", "quite new")]
    write_jsonl(Path("corpus.jsonl"), [{"_id": str(n), "text": text} for n, text in enumerate(texts)])
    assert call(capsys, "build-index", "corpus.jsonl", "--encoder", "hashing").code == 0
    judge = ["--judge", "function(path='truth:judge')"]
    done = call(capsys, "relabel", train, *judge, "-o", "new.jsonl", "--index", "indexes/corpus")
    assert done.code == 0, done.err
    made = [json.loads(line) for line in Path("new.jsonl").read_text().splitlines()]
    assert {len(row["hard_negatives"]) for row in made} == {4}
    for n, row in enumerate(made):
        assert f"hidden answer {n}" not in row["hard_negatives"]
    receipts = [json.loads(line) for line in Path("new.receipts.jsonl").read_text().splitlines()]
    assert receipts[0]["negatives"][-1]["id"] is not None
    assert call(capsys, "report", "new.jsonl", "-o", "page.html").code == 0


def test_without_anybody_to_judge_one_sentence(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, "relabel", train, "-o", "new.jsonl")
    assert (done.code, done.out) == (2, "")
    assert "nobody to judge train.jsonl; expected --judge, or judgments in train.judgments.jsonl" in done.err
