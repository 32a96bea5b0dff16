"""Requests of many clients are scored a piece at a time: none spoils another, holds it up or changes its scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from miner.errors import ModelNotFound
from miner.reranking import Ranked, load_reranker, rank
from miner.reranking.store import put_together, save_reranker
from miner.serving.rerankers import LOADED, ServingLoader
from miner.serving.scoring import PIECE, ScoreRequest, ScoringThread
from tests.support.tiny_models import make_cross_encoder, make_encoder

Turns = list[tuple[int, int]]
DOCUMENTS = ("v1 w1", "v2 w2 w3", "v3")
LONG = tuple(f"v{i % 9} w{i} w{i % 7}" for i in range(5 * PIECE + 3))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_encoder(tmp_path_factory.mktemp("scoring") / "encoder"))


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_cross_encoder(tmp_path_factory.mktemp("scoring") / "cross"))


@pytest.fixture(scope="module")
def models(encoder: str, cross: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A model of each architecture."""
    combined = tmp_path_factory.mktemp("scoring") / "combined"
    save_reranker(put_together(load_reranker(cross), load_reranker(encoder)), combined)
    return {"bi": encoder, "cross": cross, "combined": str(combined)}


@pytest.fixture
def turns() -> Turns:
    return []


@pytest.fixture
def scorer(turns: Turns) -> Iterator[ScoringThread]:
    made = ScoringThread(1_000, lambda pieces, documents: turns.append((pieces, documents)))
    yield made
    made.stop()


def wish(
    model: str, query: str = "k1", documents: tuple[str, ...] = DOCUMENTS, top: int | None = None
) -> ScoreRequest:
    return ScoreRequest(model, query, documents, top, None)


@contextmanager
def held(scorer: ScoringThread, model: str) -> Iterator[Callable[[ScoreRequest], Future[list[Ranked]]]]:
    """A scorer that has taken a request and comes to no end with it until the block ends."""

    def ask(asked: ScoreRequest) -> Future[list[Ranked]]:
        future = scorer.ask(asked)
        assert future is not None
        return future

    seen = scorer.watch
    begun: Future[None] = Future()
    go: Future[None] = Future()

    def watch(pieces: int, documents: int) -> None:
        seen(pieces, documents)
        if not begun.done():
            begun.set_result(None)
        go.result(30)

    scorer.watch = watch
    first = ask(wish(model))
    begun.result(30)
    yield ask
    go.set_result(None)
    first.result(30)


@pytest.mark.parametrize("arch", ["bi", "cross", "combined"])
def test_scores_do_not_depend_on_who_else_asks(
    scorer: ScoringThread, encoder: str, cross: str, tmp_path: Path, arch: str
) -> None:
    model = {"bi": encoder, "cross": cross, "combined": str(tmp_path)}[arch]
    if arch == "combined":
        from miner.reranking.store import put_together

        save_reranker(put_together(load_reranker(cross), load_reranker(encoder)), tmp_path)
    alone = scorer.ask(wish(model, documents=LONG))
    assert alone is not None
    expected = alone.result(30)
    scorer.shelf.forget(model)
    with held(scorer, encoder) as ask:
        futures = [ask(wish(model, f"k{i}", LONG[i:])) for i in range(4)]
        again = ask(wish(model, documents=LONG))
    assert [future.result(30) for future in futures]
    assert again.result(30) == expected


@pytest.mark.parametrize("arch", ["bi", "cross", "combined"])
def test_in_full_precision_scores_are_those_of_the_reranker(models: dict[str, str], arch: str) -> None:
    model = ServingLoader(dtype="fp32").load(models[arch])
    columns = [model.columns([("k1", LONG[i : i + PIECE])])[0] for i in range(0, len(LONG), PIECE)]
    (expected,) = rank(load_reranker(models[arch]), [("k1", LONG)])
    by_place = {place.index: place.score for place in expected}
    for place in model.places(np.concatenate(columns), None):
        assert place.score == pytest.approx(by_place[place.index], abs=2e-3)


def test_what_waits_for_the_same_model_is_scored_together(
    scorer: ScoringThread, turns: Turns, encoder: str, cross: str
) -> None:
    with held(scorer, encoder) as ask:
        futures = [ask(wish(model, f"k{i}", top=2)) for i in range(4) for model in (encoder, cross)]
    assert [len(future.result(30)) for future in futures] == [2] * 8
    assert turns == [(1, 3), (4, 12), (4, 12)]


def test_a_short_request_overtakes_a_long_one_and_a_long_one_is_not_forgotten(
    scorer: ScoringThread, encoder: str
) -> None:
    order: list[str] = []
    with held(scorer, encoder) as ask:
        many = ask(wish(encoder, documents=("v1",) * 900))
        many.add_done_callback(lambda _: order.append("many"))
        few = ask(wish(encoder, "k2"))
        few.add_done_callback(lambda _: order.append("few"))
        late = wish(encoder, "k3")
        late.came += 1_000
        ask(late).add_done_callback(lambda _: order.append("late"))
    assert (len(few.result(30)), len(many.result(30)), len(late.answer.result(30))) == (3, 900, 3)
    assert order == ["few", "many", "late"]


def test_who_hangs_up_frees_its_place(scorer: ScoringThread, turns: Turns, encoder: str) -> None:
    with held(scorer, encoder) as ask:
        gone = [ask(wish(encoder, documents=LONG)) for _ in range(9)]
        last = ask(wish(encoder))
        assert scorer.documents == 9 * len(LONG) + 6
        for future in gone:
            assert future.cancel()
        assert scorer.documents == 6
    last.result(30)
    assert turns == [(1, 3), (1, 3)]


def test_passages_that_were_seen_are_not_encoded_again(encoder: str) -> None:
    model = ServingLoader().load(encoder)
    part: Any = model.parts[0]
    first = model.columns([("k1", LONG)])[0]
    counted = part.encoder.tokens_encoded
    assert (model.columns([("k1", LONG)])[0] == first).all()
    assert part.encoder.tokens_encoded == counted
    model.columns([("k2", (*LONG, "v8 w8"))])
    assert 0 < part.encoder.tokens_encoded - counted < 15


def test_kept_vectors_have_a_limit(encoder: str) -> None:
    model = ServingLoader(vectors=1_000).load(encoder)
    part: Any = model.parts[0]
    model.columns([("k1", LONG)])
    assert 0 < part.kept.size <= 1_000
    assert len(part.kept.vectors) == part.kept.size // 214


def test_a_query_is_no_passage(encoder: str) -> None:
    model = ServingLoader().load(encoder)
    part: Any = model.parts[0]
    model.columns([("v1", ["v1"])])
    assert len(part.kept.vectors) == 2


def test_a_request_that_cannot_be_scored_spoils_no_other(scorer: ScoringThread, encoder: str) -> None:
    with held(scorer, encoder) as ask:
        bad = ask(wish(encoder, documents=(None, "v1")))  # type: ignore[arg-type]
        good = ask(wish(encoder))
    assert len(good.result(30)) == 3
    assert bad.exception(30) is not None
    assert scorer.documents == 0


def test_a_model_that_cannot_be_loaded_is_told(scorer: ScoringThread, tmp_path: Path) -> None:
    future = scorer.ask(wish(str(tmp_path)))
    assert future is not None
    assert isinstance(future.exception(30), ModelNotFound)


def test_more_than_may_wait_is_not_taken(encoder: str) -> None:
    scorer = ScoringThread(5)
    with held(scorer, encoder) as ask:
        alone = ask(wish(encoder, documents=("v1", "v2")))
        assert scorer.ask(wish(encoder)) is None
    scorer.stop()
    assert alone.done()
    assert scorer.ask(wish(encoder)) is None


def test_models_used_longest_ago_are_let_go(scorer: ScoringThread, encoder: str, tmp_path: Path) -> None:
    folders = [str(make_encoder(tmp_path / f"m{i}")) for i in range(LOADED)]
    for folder in (encoder, *folders[:-1], encoder, folders[-1]):
        scorer.prepare(folder)
    assert list(scorer.shelf.loaded) == [*folders[1:-1], encoder, folders[-1]]
    scorer.forget(encoder)
    assert encoder not in scorer.shelf.loaded
