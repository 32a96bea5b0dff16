"""What somebody hands over by mistake in a notebook is answered in one sentence that says what is expected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import miner
from miner.errors import MinerError


@pytest.fixture(scope="module")
def mined(tmp_path_factory: pytest.TempPathFactory) -> miner.MiningResult:
    folder = tmp_path_factory.mktemp("mistakes")
    texts = [f"text {i} of the {word}" for i in range(10) for word in ("plan", "pause")]
    index = miner.build_index(texts, folder / "index", "hashing")
    return miner.mine([("text 3", "text 3 of the plan")], index, filters=[], select="top()")


@pytest.fixture
def store(tmp_path: Path) -> miner.JudgmentStore:
    return miner.JudgmentStore(tmp_path / "j.jsonl")


Call = Callable[[miner.MiningResult, miner.JudgmentStore], Any]
PAIR = [("text 3", "text 3 of the plan")]
A_PATH = "is of type int; expected a path"
EMPTY = "is named by an empty text; expected a path"
MISTAKES: list[tuple[str, Call]] = [
    (f"the index {A_PATH}", lambda mined, store: miner.open_index(3)),  # type: ignore[arg-type]
    ("the index is of type NoneType", lambda mined, store: miner.open_index(None)),  # type: ignore[arg-type]
    (f"the index {A_PATH}", lambda mined, store: miner.verify(3)),  # type: ignore[arg-type]
    (f"the index {EMPTY}", lambda mined, store: miner.open_index("")),
    (f"the index {EMPTY}", lambda mined, store: miner.info("")),
    (f"the index {EMPTY}", lambda mined, store: miner.verify("")),
    (f"the index {EMPTY}", lambda mined, store: miner.build_index(["a"], "", "hashing")),
    (f"the corpus {EMPTY}", lambda mined, store: miner.build_index("", "i", "hashing")),
    (f"the model {EMPTY}", lambda mined, store: miner.build_index(["a"], "i", "")),
    (f"the model {EMPTY}", lambda mined, store: miner.validate("m.jsonl", model="")),
    (f"the model {EMPTY}", lambda mined, store: list(miner.rerank("", [{"query": "a", "documents": ["b"]}]))),
    (f"what read_queries reads {EMPTY}", lambda mined, store: miner.mine("", mined.index)),
    (f"the output {EMPTY}", lambda mined, store: miner.mine(PAIR, mined.index, output="")),
    (f"the page {EMPTY}", lambda mined, store: miner.report("m.jsonl", output="")),
    (f"the evaluation file {EMPTY}", lambda mined, store: miner.report("m.jsonl", "")),
    (f"the evaluation file {EMPTY}", lambda mined, store: miner.validate("m.jsonl", "")),
    (f"the copy to write {EMPTY}", lambda mined, store: miner.validate("m.jsonl", fix="")),
    (f"the folder to write to {EMPTY}", lambda mined, store: miner.split("m.jsonl", output="", near=0)),
    (f"the target {EMPTY}", lambda mined, store: miner.convert("m.jsonl", "")),
    (f"the report {EMPTY}", lambda mined, store: miner.clean("m.jsonl", "x.jsonl", report="")),
    (f"the folder of the sample {EMPTY}", lambda mined, store: miner.sample("")),
    (f"the file of judgments {EMPTY}", lambda mined, store: miner.JudgmentStore("")),
    (f"the index {A_PATH}", lambda mined, store: miner.info(3)),  # type: ignore[arg-type]
    ("what read_queries reads is of type list", lambda mined, store: miner.read_queries(PAIR)),  # type: ignore[arg-type]
    (f"the corpus {A_PATH}", lambda mined, store: list(miner.read_corpus(3))),  # type: ignore[arg-type]
    ("holds no queries with what answers them", lambda mined, store: miner.explain("how?", mined.index)),
    ("one index is asked at a time; found 2", lambda mined, store: miner.calibrate(PAIR, [mined.index] * 2)),
    ("queries: found int; expected a path", lambda mined, store: miner.calibrate(3, mined.index)),
    ("the index is of type int; expected an Index", lambda mined, store: miner.calibrate(PAIR, 3)),
    ("n is 'x'; expected a whole number", lambda mined, store: miner.calibrate(PAIR, mined.index, n="x")),  # type: ignore[arg-type]
    ("the mined file is of type MiningResult", lambda mined, store: miner.audit(mined)),  # type: ignore[arg-type]
    ("k is '3'; expected a whole number", lambda mined, store: miner.audit("m.jsonl", k="3")),  # type: ignore[arg-type]
    ("the file to check is of type MiningResult", lambda mined, store: miner.validate(mined)),  # type: ignore[arg-type]
    (f"the file to report on {A_PATH}", lambda mined, store: miner.report(3)),  # type: ignore[arg-type]
    (f"the file to split {A_PATH}", lambda mined, store: miner.split(3, near=0)),  # type: ignore[arg-type]
    (f"the source {A_PATH}", lambda mined, store: miner.convert(3, "x.jsonl")),  # type: ignore[arg-type]
    (f"the source {A_PATH}", lambda mined, store: miner.clean(3, "x")),  # type: ignore[arg-type]
    (f"the file of rows {A_PATH}", lambda mined, store: miner.evaluate("model", 3)),  # type: ignore[arg-type]
    ("the settings are of type dict", lambda mined, store: miner.train("m.jsonl", "m", settings={"epochs": 1})),  # type: ignore[arg-type]
    (f"the folder of the sample {A_PATH}", lambda mined, store: miner.sample(3)),  # type: ignore[arg-type]
    (f"the mined file {A_PATH}", lambda mined, store: miner.review(3)),  # type: ignore[arg-type]
    ("the settings are of type str; expected ServerSettings", lambda mined, store: miner.serve("state")),  # type: ignore[arg-type]
    ("the panel is of type NoneType; expected miner.Panel(", lambda mined, store: miner.relabel(list(mined), None)),  # type: ignore[arg-type, arg-type]
    ("the panel is of type list", lambda mined, store: miner.mine_judged(PAIR, mined.index, None, [])),  # type: ignore[arg-type]
    ("a judge is 'openai()'; expected one as", lambda mined, store: miner.Panel(["openai()"], store)),  # type: ignore[list-item]
    (f"the file of judgments {A_PATH}", lambda mined, store: miner.JudgmentStore(3)),  # type: ignore[arg-type]
    (f"the file of judgments {A_PATH}", lambda mined, store: miner.read_judgments(3)),  # type: ignore[arg-type]
    ("openai: model is 3; expected str", lambda mined, store: miner.LanguageModelJudge(3)),  # type: ignore[arg-type]
    ("a judge: trial is '5'; expected int", lambda mined, store: miner.JudgeLimits(trial="5")),  # type: ignore[arg-type]
    ("openai: model is 3; expected str", lambda mined, store: miner.OpenAIEmbeddings(3)),  # type: ignore[arg-type]
    ("margin: relative is 'x'; expected float", lambda mined, store: miner.Margin(relative="x")),  # type: ignore[arg-type]
    ("risk: max is True; expected float", lambda mined, store: miner.Risk(True)),
    ("search: method is 3; expected str", lambda mined, store: miner.Search(3)),  # type: ignore[arg-type]
    ("hashing: dim is 'x'; expected int", lambda mined, store: miner.HashingEncoder("x")),  # type: ignore[arg-type]
    ("recipe: n is '3'; expected int", lambda mined, store: miner.Recipe(n="3")),  # type: ignore[arg-type]
    ("recipe: 'margin()' is text; expected objects, or mine(", lambda mined, store: miner.Recipe(filters="margin()")),  # type: ignore[arg-type]
    ("recipe: 'top()' is text", lambda mined, store: miner.Recipe(select="top()")),  # type: ignore[arg-type]
    ("a row is named by its number; found 'a'", lambda mined, store: mined["a"]),  # type: ignore[call-overload]
    ("a row is named by its number; found 'a'", lambda mined, store: mined.rejected("a")),  # type: ignore[arg-type]
    (f"the output {A_PATH}", lambda mined, store: mined.write(3)),  # type: ignore[arg-type]
    (f"the output {A_PATH}", lambda mined, store: miner.mine(PAIR, mined.index, output=3)),  # type: ignore[call-overload]
    (
        "the executor is 'ray'; expected one that is open",
        lambda mined, store: miner.mine(PAIR, mined.index, output="o.jsonl", executor="ray"),  # type: ignore[call-overload]
    ),
    ("the shard size is 'x'", lambda mined, store: miner.build_index(["a"], "i", "hashing", shard_size="x")),  # type: ignore[arg-type]
    ("existing is 'maybe'", lambda mined, store: miner.build_index(["a"], "i", "hashing", existing="maybe")),  # type: ignore[arg-type]
    ("queries:1: has no relevant passage", lambda mined, store: miner.mine([miner.Query("q")], mined.index)),
    (
        "queries:1: relevant_passages is 'text'; expected a tuple of strings",
        lambda mined, store: miner.mine([miner.Query("q", "text")], mined.index),  # type: ignore[arg-type]
    ),
    (
        "passages:1: id is 3; expected a string",
        lambda mined, store: miner.build_index([miner.Passage(3, "a")], "i", "hashing"),  # type: ignore[arg-type]
    ),
]  # fmt: skip


@pytest.mark.parametrize(("message", "call"), MISTAKES, ids=[message for message, _ in MISTAKES])
def test_a_mistake_is_told_in_a_sentence(
    message: str,
    call: Call,
    mined: miner.MiningResult,
    store: miner.JudgmentStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MinerError) as caught:
        call(mined, store)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
