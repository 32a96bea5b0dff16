"""Vectors from a service: in order, whole, asked for once, whatever the service does on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pytest

from miner.endpoints import (
    EMBEDDINGS,
    CallPlan,
    CohereEmbeddings,
    Embedder,
    OpenAIEmbeddings,
    Patience,
    Price,
    ask_in_terminal,
    asking,
)
from miner.endpoints.calls import retry_after
from miner.endpoints.embed import EmbeddingService, batched
from miner.errors import ConfigError, Declined, EndpointFailed
from miner.spec import parse
from tests.support.endpoints import FakeService, Fault, changed, fake_service, raw, slow, status, vector

TEXTS = [f"text {number}" for number in range(10)]
HASTY = Patience(parallel=2, attempts=3, timeout=30, first=0.01, longest=0.02)
SECRET = "sk-very-secret"


@pytest.fixture
def service() -> Iterator[FakeService]:
    with fake_service() as running:
        yield running


@pytest.fixture(autouse=True)
def small_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in (OpenAIEmbeddings, CohereEmbeddings):
        monkeypatch.setattr(each, "most_texts", 3)
    for name in ("OPENAI_API_KEY", "CO_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def openai(service: FakeService, **options: object) -> OpenAIEmbeddings:
    return OpenAIEmbeddings("m", service.openai, **options)  # type: ignore[arg-type]


def cohere(service: FakeService) -> CohereEmbeddings:
    return CohereEmbeddings("m", service.address)


def expected(texts: list[str]) -> np.ndarray:
    return np.array([vector(text) for text in texts], np.float32)


def test_vectors_come_in_the_order_of_the_texts(service: FakeService) -> None:
    embedder = Embedder(openai(service), patience=HASTY)
    np.testing.assert_array_equal(embedder.embed(TEXTS, "passage"), expected(TEXTS))
    assert (len(service.requests), embedder.meter.calls, embedder.meter.tokens_in) == (4, 4, 10)
    assert service.most_at_once <= 2


def test_cohere_is_told_queries_from_passages(service: FakeService) -> None:
    embedder = Embedder(cohere(service), patience=HASTY)
    query, passage = embedder.embed(["a"], "query"), embedder.embed(["a"], "passage")
    np.testing.assert_array_equal(query, expected(["search_query a"]))
    np.testing.assert_array_equal(passage, expected(["search_document a"]))


def test_prompts_stand_before_texts_where_a_model_wants_them(service: FakeService) -> None:
    spec = openai(service, query_prompt="query: ", passage_prompt="passage: ")
    np.testing.assert_array_equal(Embedder(spec).embed(["a"], "query"), expected(["query: a"]))
    assert service.texts == ["query: a"]


def test_equal_texts_are_paid_once_and_no_text_twice(service: FakeService, tmp_path: Path) -> None:
    for _ in range(2):
        embedder = Embedder(openai(service), store=tmp_path / "v.sqlite")
        np.testing.assert_array_equal(embedder.embed(["a", "b", "a"], "passage"), expected(["a", "b", "a"]))
    assert service.texts == ["a", "b"]


def first_two_swapped(body: dict[str, list[object]]) -> None:
    body["data"][0], body["data"][1] = body["data"][1], body["data"][0]


@pytest.mark.parametrize(
    "fault",
    [
        status(429, retry_after="0.02"),
        status(500),
        status(503),
        raw(b"<html>busy</html>"),
        raw(b'{"data": [{"index": 0, "embed', "application/json"),
        raw(b"[]", "application/json"),
        changed(lambda body: body["data"].pop()),
        changed(lambda body: body["data"][0].update(index=1)),
        changed(lambda body: body["data"][0].update(embedding=["x"])),
        changed(lambda body: body["data"][0].update(embedding=None)),
        changed(first_two_swapped),
    ],
)
def test_a_passing_fault_changes_nothing(service: FakeService, fault: Fault) -> None:
    service.faults = [None, fault, fault]
    found = Embedder(openai(service), patience=HASTY).embed(TEXTS, "passage")
    np.testing.assert_array_equal(found, expected(TEXTS))


@pytest.mark.parametrize(
    "fault",
    [
        status(429),
        raw(b"<html>busy</html>"),
        changed(lambda body: body["embeddings"]["float"].pop()),
        changed(lambda body: {"id": "e"}),
    ],
)
def test_a_passing_fault_of_cohere_changes_nothing(service: FakeService, fault: Fault) -> None:
    service.faults = [fault]
    found = Embedder(cohere(service), patience=HASTY).embed(["a", "b"], "query")
    np.testing.assert_array_equal(found, expected(["search_query a", "search_query b"]))


@pytest.mark.parametrize("kind", [openai, cohere])
def test_an_answer_that_is_too_slow_is_asked_for_again(
    service: FakeService, kind: Callable[[FakeService], EmbeddingService]
) -> None:
    service.faults = [slow(4)]
    embedder = Embedder(kind(service), patience=Patience(parallel=1, timeout=1, first=0.01))
    assert embedder.embed(["a"], "query").shape == (1, 8)
    assert (len(service.requests), embedder.meter.retries) == (2, 1)


@pytest.mark.parametrize("wait", ["0.3", "date"])
def test_a_service_that_asks_to_wait_is_left_alone_that_long(service: FakeService, wait: str) -> None:
    if wait == "date":
        wait = format_datetime(datetime.now(UTC) + timedelta(seconds=1.5), usegmt=True)
    service.faults = [status(429, retry_after=wait)]
    start = time.monotonic()
    Embedder(openai(service), patience=HASTY).embed(["a"], "query")
    assert time.monotonic() - start >= 0.25


def test_a_service_that_asks_to_wait_for_hours_ends_the_run(service: FakeService) -> None:
    service.faults = [status(429, retry_after="7200")]
    with pytest.raises(EndpointFailed, match="asks to wait 7,200 seconds; start again later"):
        Embedder(openai(service), patience=HASTY).embed(["a"], "query")


def test_retry_after_is_a_number_a_date_or_nothing() -> None:
    assert retry_after("1.5") == 1.5
    assert retry_after("Fri, 31 Dec 1999 23:59:59 GMT") == 0.0
    assert retry_after("soon") is retry_after(None) is None


def test_what_was_answered_before_a_refusal_is_kept(service: FakeService, tmp_path: Path) -> None:
    patience = Patience(parallel=1, attempts=2, first=0.01)
    service.faults = [None, None, status(401)]
    with pytest.raises(EndpointFailed, match=r"127\.0\.0\.1:\d+: answers 401"):
        Embedder(openai(service), store=tmp_path / "v.sqlite", patience=patience).embed(TEXTS, "passage")
    assert len(service.requests) == 3
    Embedder(openai(service), store=tmp_path / "v.sqlite", patience=patience).embed(TEXTS, "passage")
    assert sorted(service.texts) == sorted(TEXTS)


def test_a_service_that_keeps_failing_is_given_up(service: FakeService) -> None:
    service.faults = [status(500)] * 9
    with pytest.raises(EndpointFailed, match="answers 500"):
        Embedder(openai(service), patience=HASTY).embed(["a"], "query")
    assert len(service.requests) == HASTY.attempts


def test_another_dimension_is_refused(service: FakeService, tmp_path: Path) -> None:
    embedder = Embedder(openai(service), store=tmp_path / "v.sqlite", patience=HASTY)
    embedder.embed(["a"], "query")
    service.faults = [changed(lambda body: body["data"][0].update(embedding=[1.0, 2.0]))]
    with pytest.raises(EndpointFailed, match="vectors of 2 dimensions; expected 8"):
        embedder.embed(["b"], "query")


def test_nobody_there_is_one_sentence() -> None:
    spec = OpenAIEmbeddings("m", "http://127.0.0.1:9/v1")
    with pytest.raises(EndpointFailed, match=r"127\.0\.0\.1:9: cannot be reached"):
        Embedder(spec, patience=HASTY).embed(["a"], "query")


def test_a_key_goes_only_where_it_was_named_for(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    Embedder(openai(service)).embed(["a"], "query")
    monkeypatch.setenv("OTHER_KEY", "other")
    Embedder(openai(service, key="OTHER_KEY")).embed(["a"], "query")
    sent = [headers["authorization"] for _, _, headers in service.requests]
    assert sent == ["Bearer none", "Bearer other"]


def test_a_key_is_in_no_message_file_or_fingerprint(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", SECRET)
    spec = openai(service, key="MINE")
    embedder = Embedder(spec, store=tmp_path / "v.sqlite", patience=HASTY)
    embedder.embed(["a"], "query")
    service.faults = [lambda reply: (401, {}, b'{"error": {"message": "bad key %s"}}' % SECRET.encode())]
    with pytest.raises(EndpointFailed, match=r"bad key \[key\]") as failed:
        embedder.embed(["b"], "query")
    told = f"{failed.value} {spec!r} {spec.fingerprint()}".encode() + (tmp_path / "v.sqlite").read_bytes()
    assert SECRET.encode() not in told


def test_a_missing_key_is_named_before_anything_is_sent() -> None:
    with pytest.raises(ConfigError, match="expected it in the environment as OPENAI_API_KEY"):
        Embedder(OpenAIEmbeddings("m")).embed(["a"], "query")
    with pytest.raises(ConfigError, match="in the environment as CO_API_KEY"):
        Embedder(CohereEmbeddings("m")).embed(["a"], "query")


@pytest.mark.parametrize(
    "url", ["host/v1", "ftp://host", "https://user:pw@host/v1", "https://host/v1?key=abc", "https://"]
)
def test_an_address_holds_no_key(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Embedder(OpenAIEmbeddings("m", url)).embed(["a"], "query")
    assert "pw" not in str(refused.value)


def test_what_will_be_sent_where_is_said_once_before_the_first_call(service: FakeService) -> None:
    plans = list[CallPlan]()
    with asking(plans.append):
        embedder = Embedder(openai(service, price=2.0))
        embedder.announce(1_000_000, 3_000_000)
        embedder.embed(["a"], "query")
    (plan,) = plans
    assert plan.host == service.address.removeprefix("http://")
    assert plan.text().endswith(
        "will get 1,000,000 texts to embed: at most 333,334 calls, about 3,000,000 tokens, "
        "about 6.00 at the price given"
    )


def test_a_no_keeps_everything_here(service: FakeService) -> None:
    def no(plan: CallPlan) -> None:
        raise Declined("nothing was sent")

    with asking(no), pytest.raises(Declined):
        Embedder(openai(service)).embed(["a"], "query")
    assert service.requests == []


def test_without_a_terminal_the_plan_is_said_and_nobody_asked(
    service: FakeService, capsys: pytest.CaptureFixture[str]
) -> None:
    with asking(ask_in_terminal(yes=False)):
        Embedder(openai(service)).embed(["a"], "query")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "will get 1 text to embed: at most 1 call" in captured.err


def test_calls_hold_as_many_tokens_as_they_may_and_a_long_text_goes_alone() -> None:
    items = [(bytes([n]), "x" * length) for n, length in enumerate([35, 35, 700, 35, 35, 35])]
    sizes = [len(batch) for batch in batched(items, most_texts=2, most_tokens=30)]
    assert sizes == [2, 1, 2, 1]


@pytest.mark.parametrize("service_class", [OpenAIEmbeddings, CohereEmbeddings])
def test_a_service_is_spelt_as_its_repr(service_class: type[OpenAIEmbeddings]) -> None:
    spec = service_class("m", "http://localhost:1/v1", dimensions=4)
    assert parse(repr(spec), EMBEDDINGS, "encoder") == spec
    fits: EmbeddingService = spec
    assert fits.fingerprint()["model"] == "m"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("openai(model='')", "model is blank"),
        ("cohere(model='m', parallel=0)", "expected 1 or more"),
        ("openai(model='m', timeout=0)", "timeout is 0; expected seconds above 0"),
    ],
)
def test_a_service_spelt_wrongly_is_one_sentence(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(text, EMBEDDINGS, "encoder")


@pytest.mark.parametrize("text", ["x", "-1", "1,2,3", "nan", "inf", ""])
def test_a_price_is_money_for_a_million_tokens(text: str) -> None:
    assert Price.parse("0.15,0.6") == Price(0.15, 0.6)
    with pytest.raises(ConfigError, match="the price is"):
        Price.parse(text)
