"""Calibration by judgments: of what was judged, as it was judged, and honest about what was not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from miner import samples
from miner.calibrating.calibrate import calibrate, learn_judged
from miner.calibrating.calibration import read_calibration
from miner.calibrating.judged import gather_judged
from miner.calibrating.labels import LabelledPools
from miner.corpus.queries import read_queries
from miner.data import Query
from miner.encoders import HashingEncoder
from miner.errors import ConfigError, MinerError
from miner.filters import Risk
from miner.index import Index
from miner.index import build_index as build_from_path
from miner.judgments.known import KnownJudgments
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.progress import Clock
from miner.risk import NAMES, packaged_model, probability
from miner.selectors import Top
from miner.storage.files import write_jsonl
from tests.support.commandline import call


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, encoder: HashingEncoder) -> Index:
    sample = samples.sample(tmp_path_factory.mktemp("sample"))
    return build_from_path(sample / "corpus", sample / "index", encoder=encoder)


@pytest.fixture(scope="module")
def complete(index: Index) -> list[Query]:
    """Queries with all that answers them."""
    queries = read_queries(Path(str(index.place)).parent / "queries.jsonl")
    return [query for query in queries if len(query.relevant_ids) > 1]


@pytest.fixture(scope="module")
def queries(complete: list[Query]) -> list[Query]:
    """With the first of it."""
    return [Query(query.text, (), query.relevant_ids[:1]) for query in complete]


@pytest.fixture(scope="module")
def audited(
    complete: list[Query], queries: list[Query], index: Index, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Every other negative of the hardest, judged by the complete judgments."""
    mined = mine(queries, index, Recipe(n=10, select=Top()))
    path = tmp_path_factory.mktemp("audit") / "mined.judgments.jsonl"
    lines = [
        {
            "query": query.text,
            "passage": negative.text,
            "id": negative.id,
            "verdict": "answers" if negative.id in query.relevant_ids else "no",
            "by": "a person",
        }
        for query, row in zip(complete, mined, strict=True)
        for negative in row.negatives[::2]
    ]
    write_jsonl(path, lines)
    return path


def synthetic(
    queries: int, seed: int, shift: float, judged: Callable[[np.ndarray], np.ndarray]
) -> LabelledPools:
    """As the packaged model says, moved by `shift`, and known with probability `judged` of the log odds."""
    rng = np.random.default_rng(seed)
    features = np.zeros((queries, 100, len(NAMES)))
    features[..., 0] = rng.normal(2.5, 1.5, (queries, 100)) + rng.normal(0, 0.7, (queries, 1))
    odds = packaged_model().logits(features)
    answers = rng.uniform(size=odds.shape) < probability(odds + shift)
    known = rng.uniform(size=odds.shape) < judged(odds)
    return LabelledPools(features, np.ones_like(known), answers, known)


def test_judgments_of_a_few_find_the_level_whichever_were_judged() -> None:
    evidence = synthetic(300, 0, 1.5, lambda odds: np.where(odds > np.quantile(odds, 0.9), 0.2, 0.01))
    found = learn_judged(packaged_model(), evidence, 5, 0, ordered="all coefficients")
    assert found.model.intercept - packaged_model().intercept == pytest.approx(1.5, abs=0.35)
    assert found.model.coefficients == packaged_model().coefficients
    assert found.method == "all coefficients for the order and intercept for the level"
    assert found.by == "both"


def test_what_a_cap_lets_through_does_not_depend_on_which_were_judged() -> None:
    more_risky = synthetic(400, 3, 1.0, lambda odds: np.clip(0.02 + 0.3 * probability(odds + 2), 0, 1))
    all_known = replace(more_risky, known=np.ones_like(more_risky.known))
    partial, whole = (learn_judged(packaged_model(), each, 5, 0) for each in (more_risky, all_known))
    for point in partial.curve:
        truth = min(whole.curve, key=lambda other, cap=point.cap: abs(other.cap - cap))  # type: ignore[misc]
        assert point.leak.low <= truth.leak.rate <= point.leak.high


def test_only_judged_candidates_count(queries: list[Query], index: Index, audited: Path) -> None:
    known = KnownJudgments.of(audited)
    evidence = gather_judged(queries, index, known, clock=Clock())
    assert len(evidence) == len(queries)
    assert 0 < evidence.known.sum() <= len(known.book)
    assert evidence.known.sum() > 0.9 * len(known.book)
    assert not np.any(evidence.answers & ~evidence.known)
    assert 0 < evidence.events < evidence.known.sum()


def test_an_answer_that_was_found_and_added_since_still_counts(
    complete: list[Query], queries: list[Query], index: Index, audited: Path
) -> None:
    known = KnownJudgments.of(audited)
    before = gather_judged(queries, index, known, clock=Clock())
    found = {(each.query, each.id) for each in known.book.history if each.verdict == "answers"}
    merged = [
        replace(
            query, relevant_ids=(*query.relevant_ids, *(str(id) for text, id in found if text == query.text))
        )
        for query in queries
    ]
    assert any(len(query.relevant_ids) > 1 for query in merged)
    after = gather_judged(merged, index, known, clock=Clock())
    np.testing.assert_array_equal(after.answers, before.answers)
    np.testing.assert_array_equal(after.allowed, before.allowed)


def test_partly_unsure_and_trials_say_nothing(queries: list[Query], index: Index, tmp_path: Path) -> None:
    near = mine(queries[:3], index, Recipe(n=3, select=Top()))
    said = [{"verdict": "partly"}, {"verdict": "unsure"}, {"verdict": "answers", "known": "answers"}]
    lines = [
        {"query": query.text, "passage": negative.text, "by": "model", **each}
        for query, row in zip(queries[:3], near, strict=True)
        for negative, each in zip(row.negatives, said, strict=True)
    ]
    write_jsonl(tmp_path / "j.jsonl", lines)
    evidence = gather_judged(queries, index, KnownJudgments.of(tmp_path / "j.jsonl"), clock=Clock())
    assert len(evidence) == 0
    with pytest.raises(MinerError, match="0 are judged, of which 0 answer; calibrating needs 40 with 5"):
        calibrate(queries, index, by="judgments", judgments=tmp_path / "j.jsonl")


def test_a_promise_from_judgments_holds_for_what_is_mined(
    complete: list[Query], queries: list[Query], index: Index, audited: Path
) -> None:
    calibration = calibrate(queries, index, by="judgments", judgments=audited)
    assert calibration.by == "judgments"
    mined = mine(queries, index, Recipe(filters=(Risk(max=0.1),)).calibrated(calibration))
    wrong = [
        negative.id in query.relevant_ids
        for query, row in zip(complete, mined, strict=True)
        for negative in row.negatives
    ]
    promised = calibration.promise(0.1).leak
    assert promised.low <= np.mean(wrong) <= promised.high


def test_the_command_goes_by_hidden_passages_and_judgments(
    complete: list[Query], index: Index, audited: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [{"query": query.text, "relevant_ids": query.relevant_ids[:2]} for query in complete]
    write_jsonl(tmp_path / "q.jsonl", lines)
    options = ("--index", index.path, "-o", tmp_path / "c.json", "--judgments", audited)
    done = call(capsys, "calibrate", tmp_path / "q.jsonl", *options, "--by", "both")
    assert done.code == 0
    assert "for the order and intercept for the level" in done.out
    assert "judged to answer" in done.out
    assert read_calibration(tmp_path / "c.json", index).by == "both"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"by": "guess"}, "by is 'guess'; expected one of hidden, judgments, both"),
        ({"by": "judgments"}, "by is 'judgments'; expected a file of judgments with it"),
        ({"by": "both", "prior": 2.0}, "a prior stands in place of what could be measured"),
    ],
)
def test_ways_that_cannot_be_are_refused(
    queries: list[Query], index: Index, given: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        calibrate(queries, index, **given)  # type: ignore[arg-type]
