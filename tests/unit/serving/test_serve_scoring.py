"""Requests of many clients are scored together, and none spoils another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from miner.errors import ModelError
from miner.reranking import load_reranker, rank
from miner.serving.scoring import LOADED, TOGETHER, ScoreRequest, ScoringThread
from tests.support.tiny_models import make_cross_encoder, make_encoder

Batches = list[tuple[int, int]]
DOCUMENTS = ("v1 w1", "v2 w2 w3", "v3")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_encoder(tmp_path_factory.mktemp("scoring") / "encoder"))


@pytest.fixture
def batches() -> Batches:
    return []


@pytest.fixture
def scorer(batches: Batches) -> Iterator[ScoringThread]:
    made = ScoringThread(1_000, lambda requests, documents: batches.append((requests, documents)))
    yield made
    made.stop()


def wish(
    model: str, query: str = "k1", documents: tuple[str, ...] = DOCUMENTS, top: int | None = None
) -> ScoreRequest:
    return ScoreRequest(model, query, documents, top, None)


def test_what_waits_for_the_same_model_is_scored_together(
    scorer: ScoringThread, batches: Batches, encoder: str, tmp_path: Path
) -> None:
    other = str(make_cross_encoder(tmp_path / "cross"))
    with scorer.keeping:
        first = scorer.ask(wish(encoder))
        while scorer.waiting:
            pass
        asked = [(model, f"k{i}") for i in range(4) for model in (encoder, other)]
        futures = [scorer.ask(wish(model, query, top=2)) for model, query in asked]
    assert first is not None
    first.result(30)
    for (model, query), future in zip(asked, futures, strict=True):
        assert future is not None
        (expected,) = rank(load_reranker(model), [(query, DOCUMENTS)], 2)
        assert [place.index for place in future.result(30)] == [place.index for place in expected]
        assert [p.score for p in future.result()] == pytest.approx([p.score for p in expected], abs=1e-5)
    assert batches == [(1, 3), (4, 12), (4, 12)]


def test_a_batch_has_a_size(scorer: ScoringThread, batches: Batches, encoder: str) -> None:
    many = ("v1",) * (TOGETHER // 2)
    with scorer.keeping:
        futures = [scorer.ask(wish(encoder))]
        while scorer.waiting:
            pass
        futures += [scorer.ask(wish(encoder, documents=many)) for _ in range(3)]
    for future in futures:
        assert future is not None
        future.result(30)
    assert [requests for requests, _ in batches] == [1, 2, 1]


def test_a_request_that_cannot_be_scored_spoils_no_other(scorer: ScoringThread, encoder: str) -> None:
    with scorer.keeping:
        held = scorer.ask(wish(encoder))
        while scorer.waiting:
            pass
        bad = scorer.ask(wish(encoder, documents=(None, "v1")))  # type: ignore[arg-type]
        good = scorer.ask(wish(encoder))
    assert held is not None
    assert bad is not None
    assert good is not None
    assert len(good.result(30)) == len(held.result(30)) == 3
    assert bad.exception(30) is not None


def test_a_model_that_cannot_be_loaded_is_told(scorer: ScoringThread, tmp_path: Path) -> None:
    future = scorer.ask(wish(str(tmp_path)))
    assert future is not None
    assert isinstance(future.exception(30), ModelError)


def test_more_than_may_wait_is_not_taken(encoder: str) -> None:
    scorer = ScoringThread(5)
    with scorer.keeping:
        held = scorer.ask(wish(encoder))
        while scorer.waiting:
            pass
        waiting = scorer.ask(wish(encoder))
        assert waiting is not None
        assert scorer.ask(wish(encoder)) is None
        alone = scorer.ask(wish(encoder, documents=("v1", "v2")))
    scorer.stop()
    assert held is not None
    assert alone is not None
    assert all(future.done() for future in (held, waiting, alone))
    assert scorer.ask(wish(encoder)) is None


def test_models_used_longest_ago_are_let_go(scorer: ScoringThread, encoder: str, tmp_path: Path) -> None:
    folders = [str(make_encoder(tmp_path / f"m{i}")) for i in range(LOADED)]
    for folder in (encoder, *folders[:-1], encoder, folders[-1]):
        scorer.prepare(folder)
    assert list(scorer.loaded) == [*folders[1:-1], encoder, folders[-1]]
    scorer.forget(encoder)
    assert encoder not in scorer.loaded
