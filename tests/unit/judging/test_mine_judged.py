"""Mining with judges: harder and cleaner than by the estimate alone, at few calls, and all of it remembered."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from miner.errors import ConfigError, MinerError
from miner.filters import DropRiskiest, Risk
from miner.index import Index, build_index
from miner.judging import FunctionJudge, Judge, JudgeLimits, Panel
from miner.judging.asking import AskRules, QueryAsking
from miner.judging.mine_judged import mine_judged, plan_judging
from miner.judgments import Judgment, JudgmentStore, Pair
from miner.judgments.errors import JudgeErrors
from miner.judgments.known import KnownJudgments
from miner.mining.explain import explain
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.selectors import Top
from miner.storage.files import write_jsonl
from tests.support.commandline import call

RECIPE = Recipe(filters=(Risk(0.02),), select=Top(), depth=60)


def answers(query: str, passage: str) -> bool:
    """What tells how to do it with the thing asked about."""
    action, thing = query.removeprefix("how do I ").split(" my ")
    return action in passage and thing in passage and passage.startswith(("Open", "Only", "Yes"))


class Counted(FunctionJudge):
    """Knows the truth and counts how often it was asked."""

    def __init__(self, max_calls: int | None = None) -> None:
        super().__init__(self._say, "truth", JudgeLimits(trial=40, max_calls=max_calls))
        self.pairs = list[Pair]()

    def _say(self, query: str, passage: str) -> bool:
        self.pairs.append(Pair(query, passage))
        return answers(query, passage)


@pytest.fixture(scope="module")
def index(
    tmp_path_factory: pytest.TempPathFactory, passages: list[Passage], encoder: HashingEncoder
) -> Index:
    return build_index(passages, tmp_path_factory.mktemp("index") / "help", encoder)


def panel(path: Path, *judges: Judge) -> Panel:
    return Panel(judges, JudgmentStore(path))


def false(rows: list[tuple[str, tuple[str, ...]]]) -> int:
    return sum(answers(query, text) for query, texts in rows for text in texts)


def test_no_negative_answers_and_little_is_asked(
    index: Index, queries: list[Query], encoder: HashingEncoder, tmp_path: Path
) -> None:
    alone = mine(queries, index, replace(RECIPE, filters=()), encoder=encoder)
    assert false([(row.query, row.hard_negatives) for row in alone]) > 0
    judge = Counted()
    mined, told = mine_judged(queries, [index], RECIPE, panel(tmp_path / "j.jsonl", judge), encoder=encoder)
    rows = list(mined)
    assert all(len(row.hard_negatives) == 5 for row in rows)
    assert false([(row.query, row.hard_negatives) for row in rows]) == 0
    assert told.asked == len(judge.pairs) < 5 * len(queries) + 80
    assert told.asked_about > 10
    assert told.left == 0
    assert len({pair.key for pair in judge.pairs}) == len(judge.pairs)


def test_a_second_run_asks_nothing_and_writes_the_same(
    index: Index, queries: list[Query], encoder: HashingEncoder, tmp_path: Path
) -> None:
    asked, written = [], []
    for name in "ab":
        judge = Counted()
        mined, _ = mine_judged(queries, [index], RECIPE, panel(tmp_path / "j.jsonl", judge), encoder=encoder)
        mined.write(tmp_path / f"{name}.jsonl")
        asked.append(len(judge.pairs))
        written.append([(tmp_path / f"{name}.{end}").read_bytes() for end in ("jsonl", "receipts.jsonl")])
    assert asked[0] > asked[1] == 0
    assert written[0] == written[1]
    by = {"by": JudgmentStore(tmp_path / "j.jsonl").book.history[0].judge, "verdict": "no"}
    entries = [e for line in written[0][1].splitlines() for e in json.loads(line)["negatives"]]
    assert next(entry["judged"] for entry in entries if "judged" in entry) == by


def test_what_was_judged_is_mined_by_anybody_later(
    index: Index, queries: list[Query], encoder: HashingEncoder, tmp_path: Path
) -> None:
    mined, _ = mine_judged(queries, [index], RECIPE, panel(tmp_path / "j.jsonl", Counted()), encoder=encoder)
    recipe = replace(mined.recipe, judgments=KnownJudgments.of(tmp_path / "j.jsonl"))
    assert list(mine(queries, index, recipe, encoder=encoder)) == list(mined)


def test_judgments_about_others_change_no_byte(
    index: Index, queries: list[Query], encoder: HashingEncoder, tmp_path: Path
) -> None:
    JudgmentStore(tmp_path / "j.jsonl").append(Judgment.now(Pair("another query", "p"), "answers"))
    recipe = Recipe()
    for name, known in (("a", None), ("b", KnownJudgments.of(tmp_path / "j.jsonl"))):
        mine(queries, index, replace(recipe, judgments=known), encoder=encoder).write(
            tmp_path / f"{name}.jsonl"
        )
    for end in ("jsonl", "receipts.jsonl"):
        assert (tmp_path / f"a.{end}").read_bytes() == (tmp_path / f"b.{end}").read_bytes()


def test_a_person_lets_in_what_is_risky_and_keeps_out_what_is_not(
    index: Index, queries: list[Query], encoder: HashingEncoder, tmp_path: Path
) -> None:
    query = queries[0]
    plain = Recipe(filters=(DropRiskiest(),), select=Top())
    before = explain(query, index, plain, encoder=encoder)
    riskiest = next(each for each in before.candidates if each.verdict.startswith("riskiest"))
    chosen = next(each for each in before.candidates if each.verdict == "chosen")
    store = JudgmentStore(tmp_path / "j.jsonl")
    store.append(
        Judgment.now(Pair(query.text, riskiest.text), "no"),
        Judgment.now(Pair(query.text, chosen.text.upper() + " !"), "answers"),
    )
    recipe = replace(plain, judgments=KnownJudgments.of(store.path))
    after = {each.id: each.verdict for each in explain(query, index, recipe, encoder=encoder).candidates}
    assert after[riskiest.id] in ("chosen", "kept")
    assert after[chosen.id] == "judged()"
    mined = mine([query], index, recipe, encoder=encoder)
    assert riskiest.id in [negative.id for negative in mined[0].negatives]
    assert chosen.id not in [negative.id for negative in mined[0].negatives]


def test_a_judge_that_cannot_tell_is_refused_with_its_figures(
    index: Index, queries: list[Query], encoder: HashingEncoder, tmp_path: Path
) -> None:
    coin = FunctionJudge(lambda query, passage: len(passage) % 2 == 0, "coin")
    with pytest.raises(MinerError, match=r"'coin'.* cannot tell what answers here: it finds \d+% "):
        mine_judged(queries, [index], RECIPE, panel(tmp_path / "j.jsonl", coin), encoder=encoder)
    mute = FunctionJudge(lambda query, passage: "unsure", "mute")
    with pytest.raises(MinerError, match=r"'mute'.* decides on none of the \d+ passages that try it"):
        mine_judged(queries, [index], RECIPE, panel(tmp_path / "j.jsonl", mute), encoder=encoder)
    with pytest.raises(MinerError, match="at least 20 passages that are known to answer"):
        mine_judged(queries[:5], [index], RECIPE, panel(tmp_path / "j.jsonl", coin), encoder=encoder)


def test_no_more_is_asked_than_allowed_and_what_is_left_is_told(
    index: Index, queries: list[Query], encoder: HashingEncoder, tmp_path: Path
) -> None:
    judge = Counted(max_calls=90)
    limited = panel(tmp_path / "j.jsonl", judge)
    mined, told = mine_judged(queries, [index], RECIPE, limited, encoder=encoder)
    assert (len(judge.pairs), told.asked) == (90, 90)
    assert told.left > 0
    assert all(len(row.hard_negatives) == 5 for row in mined)


def test_a_second_judge_is_asked_only_what_the_first_leaves_doubtful(
    index: Index, queries: list[Query], encoder: HashingEncoder, tmp_path: Path
) -> None:
    strong = Counted()
    cheap = FunctionJudge(
        lambda query, passage: answers(query, passage) or (len(passage) + len(query)) % 5 == 0,
        "cheap",
        JudgeLimits(trial=40),
    )
    both = panel(tmp_path / "j.jsonl", cheap, strong)
    recipe = replace(RECIPE, filters=(Risk(0.001),))
    _, told = mine_judged(queries, [index], recipe, both, encoder=encoder)
    asked = [both.said(cheap, pair) for pair in strong.pairs]
    doubtful = [found for found in asked if found is not None and not found.known]
    assert told.trials[0].errors.specificity.rate < told.trials[1].errors.specificity.rate
    assert {found.verdict for found in doubtful} <= {"no", "unsure"}


def test_a_dry_run_asks_nobody(
    index: Index, queries: list[Query], encoder: HashingEncoder, tmp_path: Path
) -> None:
    judge = Counted()
    asked = panel(tmp_path / "j.jsonl", judge)
    ((name, pairs, plan),) = plan_judging(queries, [index], RECIPE, asked, encoder=encoder)
    assert (judge.pairs, plan) == ([], None)
    assert name.startswith("function(name='truth')")
    assert 80 <= pairs <= 80 + 5 * len(queries)
    assert not (tmp_path / "j.jsonl").exists()


ERRORS = JudgeErrors.assumed(0.9, 0.95)


def asking(*risks: float, cap: float = 0.02, n: int = 2, judges: int = 1, worth: float = 0.0) -> QueryAsking:
    hardness = np.linspace(0.9, 0.5, len(risks))
    return QueryAsking(np.array(risks), hardness, AskRules(n, cap, worth), [ERRORS] * judges)


def test_only_what_an_answer_can_change_is_asked() -> None:
    query = asking(0.9, 0.1, 0.01, 0.1, 0.01)
    assert query.wave() == [1]
    query.tell(1, "no")
    assert (query.wave(), query.chosen()) == ([], [1, 2])


def test_after_yes_or_unsure_the_next_in_line_is_asked() -> None:
    query = asking(0.1, 0.1, 0.1, 0.1)
    assert query.wave() == [0, 1]
    query.tell(0, "answers")
    query.tell(1, "unsure")
    assert query.wave() == [2, 3]
    for column in (2, 3):
        query.tell(column, "no")
    assert query.chosen() == [2, 3]


def test_a_second_judge_brings_what_one_cannot_under_the_cap() -> None:
    assert asking(0.5, 0.01, 0.01).wave() == []
    query = asking(0.5, 0.01, 0.01, judges=2)
    for _ in range(2):
        assert query.wave() == [0]
        query.tell(0, "no")
    assert query.chosen() == [0, 1]


def test_bayes_by_hand() -> None:
    query = asking(0.1)
    query.tell(0, "no")
    assert query.odds[0] == pytest.approx(0.1 / 0.9 * 0.1 / 0.95, rel=1e-4)


def test_an_answer_of_little_worth_is_not_asked_for() -> None:
    assert asking(0.1, 0.01, 0.01, n=1).wave() == [0]
    assert asking(0.1, 0.01, 0.01, n=1, worth=0.3).wave() == []


def test_the_command_line_judges_by_a_function(
    tmp_path: Path, passages: list[Passage], queries: list[Query], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], corpus_file: Path,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("howto.py").write_text(
        "def judge(query, passage):\n"
        "    action, thing = query.removeprefix('how do I ').split(' my ')\n"
        "    return action in passage and thing in passage and passage.startswith(('Open', 'Only', 'Yes'))\n"
    )
    write_jsonl(Path("q.jsonl"), [{"query": q.text, "relevant_ids": q.relevant_ids} for q in queries])
    assert call(capsys, "build-index", corpus_file, "--encoder", "hashing").code == 0
    judge = ["--judge", "function(path='howto:judge', trial=30)"]
    done = call(capsys, "mine", "q.jsonl", *judge, "--dry-run")
    assert (done.code, done.out) == (0, "")
    assert "nothing was asked" in done.err
    assert not Path("q.mined.jsonl").exists()
    done = call(capsys, "mine", "q.jsonl", *judge)
    assert done.code == 0, done.err
    assert "finds 100%" in done.err
    assert "these are the easy ones" in done.err
    assert "top()" in json.loads(Path("q.mined.run.json").read_text())["arguments"]["select"]
    record = json.loads(Path("q.mined.run.json").read_text())["arguments"]["judging"]
    assert record["judges"][0]["sensitivity"] == 1.0
    assert len(JudgmentStore(Path("q.judgments.jsonl")).book) == record["asked"]
    again = call(capsys, "mine", "q.jsonl", "-o", "again.jsonl", "--select", "top()", "--max-risk", "0.025")
    assert "judgments in q.judgments.jsonl" in again.err
    assert Path("again.jsonl").read_bytes() == Path("q.mined.jsonl").read_bytes()
    row = json.loads(Path("q.mined.jsonl").read_text().splitlines()[0])
    pair = Pair(row["query"], row["hard_negatives"][0])
    JudgmentStore(Path("q.judgments.jsonl")).append(Judgment.now(pair, "answers"))
    done = call(capsys, "explain", row["query"], "--queries", "q.jsonl", "--show", 100)
    assert "judged()" in done.out
    assert "judged to answer the query" in done.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--judge", "file(path='x.jsonl', budget=1)"], "expected 0 or more, and price="),
        (["--judge", "file(path='x.jsonl', max_calls=0)"], "a judge's max_calls is 0; expected 1 or more"),
        (["--judge", "file(path='x.jsonl', trial=-1)"], "a judge's trial is -1"),
        (["--judge", "openai(model='m', price='x')"], "the price is 'x'"),
        (["--judge", "file(path='x.jsonl', prompt='p.txt')"], "unknown option 'prompt'"),
        (["--judge", "person()"], "person() asks in a terminal"),
        (["--judgments", "none.jsonl"], "none.jsonl: no such file"),
    ],
)
def test_misuse_is_one_sentence(
    options: list[object],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    corpus_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_jsonl(Path("q.jsonl"), [{"query": "a", "relevant_passages": ["b"]}])
    assert call(capsys, "build-index", corpus_file, "--encoder", "hashing").code == 0
    done = call(capsys, "mine", "q.jsonl", *options)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert ConfigError.exit_code == 2


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_judges_and_workers_are_refused_together_before_anything_is_planned(
    tmp_path: Path, dry: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    judge = ["--judge", "file(path='j.jsonl')"]
    done = call(capsys, "mine", tmp_path / "q.jsonl", *judge, "--executor", "processes", *dry)
    assert done.code == 2
    assert "--judge mines in one process" in done.err
