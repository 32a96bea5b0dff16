"""Bodies that nobody meant, on every endpoint that takes one: refused in Cohere's shape, and never a failure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from miner.serving import ServerLimits, ServerSettings
from miner.serving.app import application
from miner.serving.services import Services
from tests.support.tiny_models import make_encoder

MODELS = "/v1/finetuning/finetuned-models"
BASE = {"name": "tiny", "base_type": "BASE_TYPE_RERANK"}
SETTINGS = {
    "base_model": BASE,
    "dataset_id": "d",
    "hyperparameters": {"train_epochs": 1, "learning_rate": 0.1},
}
SENT: dict[str, dict[str, Any]] = {
    "/v1/rerank": {"query": "k1", "documents": ["v1", {"text": "v2"}], "top_n": 1, "return_documents": True},
    "/v2/rerank": {"model": "tiny", "query": "k1", "documents": ["v1", "v2"], "max_tokens_per_doc": 5},
    MODELS: {"name": "n", "settings": SETTINGS},
    f"{MODELS}/x": {"name": "n", "settings": SETTINGS},
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(),
    st.sampled_from(["\ud800", "\x00", "a" * 5_000, "😀", "%s", "../..", "x-ft", "english", "multilingual"]),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("bodies")
    limits = ServerLimits(documents=20, characters=2_000)
    found = ServerSettings(folder / "state", models={"tiny": str(make_encoder(folder / "e"))}, limits=limits)
    home = Services.open(found)
    with TestClient(application(home), base_url="http://localhost", raise_server_exceptions=False) as made:
        yield made


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a body."""
    yield at
    for key, each in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(each, (*at, key))


def put(value: Any, at: tuple[Any, ...], odd: Any) -> Any:
    """The body with something else at a place."""
    if not at:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = put(copy[at[0]], at[1:], odd)
    return copy


@pytest.mark.parametrize("path", SENT)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_body_with_something_odd_in_it_is_no_failure(
    client: TestClient, path: str, data: st.DataObject
) -> None:
    body = SENT[path]
    changed = put(body, data.draw(st.sampled_from(list(places(body)))), data.draw(ODD))
    if isinstance(changed, dict) and data.draw(st.booleans()):
        changed = {**changed, data.draw(st.text(max_size=8)): data.draw(ODD)}
    method = "PATCH" if path.endswith("/x") else "POST"
    kind = {"content-type": "application/json"}
    answer = client.request(method, path, content=json.dumps(changed).encode(), headers=kind)
    assert answer.status_code < 500, changed
    told = json.loads(answer.text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert answer.status_code < 300 or list(told) == ["message"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200), kind=st.sampled_from(["application/json", "text/plain", "a/b; c", ""])
)
def test_bytes_of_any_kind_are_no_failure(client: TestClient, content: bytes, kind: str) -> None:
    for path in ("/v1/rerank", MODELS, "/v1/datasets?name=n&type=reranker-finetune-input"):
        answer = client.post(path, content=content, headers={"content-type": kind})
        assert answer.status_code in (400, 413)
        assert list(answer.json()) == ["message"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(
        [
            "limit",
            "offset",
            "before",
            "after",
            "page_size",
            "page_token",
            "order_by",
            "endpoint",
            "default_only",
        ]
    ),
    value=st.one_of(st.text(max_size=30), st.integers(-(10**40), 10**40).map(str), st.datetimes().map(str)),
)
def test_odd_parameters_are_no_failure(client: TestClient, name: str, value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    for path in ("/v1/datasets", MODELS, "/v1/models"):
        answer = client.get(path, params={name: value})
        assert answer.status_code in (200, 400)
