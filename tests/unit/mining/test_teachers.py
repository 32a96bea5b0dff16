from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from miner import HashingEncoder, Passage, Query, build_index, mine
from miner.data import Float32
from miner.errors import ConfigError, ModelNotFound
from miner.judging import FunctionJudge
from miner.judging.grading import GradeTeacher
from miner.mining.teachers import EncodersScorer, parse_teacher
from miner.selectors import Spread
from tests.support.endpoints import FakeService, fake_service

TOPICS = ["refunds take days", "refunds by card", "pause a plan", "delete an account", "card was declined"]


class ByLength:
    fingerprint = "by length"

    def score(self, pairs: Sequence[tuple[str, str]]) -> Float32:
        return np.array([len(text) for _, text in pairs], np.float32)


@pytest.fixture
def service() -> Iterator[FakeService]:
    with fake_service() as running:
        yield running


def test_receipts_hold_the_teachers_score_of_both_sides(tmp_path: Path) -> None:
    index = build_index(
        [Passage(str(i), text) for i, text in enumerate(TOPICS)], tmp_path / "i", HashingEncoder()
    )
    queries = [Query("refunds", relevant_ids=("0",))]
    mine(queries, index, n=2, teacher=ByLength(), select=Spread(by="teacher"), output=tmp_path / "m.jsonl")
    (receipt,) = map(json.loads, (tmp_path / "m.receipts.jsonl").read_text().splitlines())
    row = json.loads((tmp_path / "m.jsonl").read_text())
    assert [each["teacher"] for each in receipt["relevant"]] == [len(TOPICS[0])]
    assert [each["teacher"] for each in receipt["negatives"]] == [len(text) for text in row["hard_negatives"]]


def test_several_encoders_are_one_teacher() -> None:
    texts = ["a refund", "a plan"]
    encoders = [HashingEncoder(), HashingEncoder()]
    one = EncodersScorer(encoders[:1], 20.0).score([("refund", text) for text in texts])
    cosines = encoders[0].encode_passages(texts) @ encoders[0].encode_queries(["refund"])[0]
    np.testing.assert_allclose(one, 20 * cosines, rtol=1e-5)
    np.testing.assert_allclose(
        EncodersScorer(encoders, 20.0).score([("refund", "a refund")]), one[:1], rtol=1e-5
    )
    assert (
        parse_teacher("encoders(models='hashing')").fingerprint
        == EncodersScorer(encoders[:1], 20.0).fingerprint
    )


def test_a_reranker_behind_an_address_scores_each_query_in_one_call(
    service: FakeService, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CO_API_KEY", "k")
    teacher = parse_teacher(f"cohere(model='m', base_url='{service.address}')")
    pairs = [("card refund", "refund"), ("plan", "pause a plan"), ("card refund", "by card a refund")]
    assert teacher.score(pairs).tolist() == [0.5, 1.0, 1.0]
    assert sorted(len(body["documents"]) for _, body, _ in service.requests) == [1, 2]
    teacher.score(pairs)
    assert capsys.readouterr().err.count("will get 3 texts to score now") == 1


def test_a_judges_verdicts_are_grades() -> None:
    judge = FunctionJudge(lambda query, passage: "answers" if query in passage else "partly", "contains")
    assert GradeTeacher(judge).score([("a", "b"), ("a", "a b")]).tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("encoder(models='a')", ConfigError, "unknown teacher 'encoder'; did you mean encoders?"),
        ("encoders(models=' ,')", ConfigError, "models is blank"),
        ("cohere(model='m', parallel=0)", ConfigError, "parallel is 0"),
        ("./no-such-folder", ModelNotFound, "no-such-folder"),
    ],
)
def test_what_is_no_teacher_is_named(text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        parse_teacher(text)
