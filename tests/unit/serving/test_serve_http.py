"""What a server answers that needs no training: refusals in Cohere's shape, and its OpenAPI document."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from miner.serving import ServerLimits, ServerSettings
from miner.serving.app import application
from miner.serving.effects import without_effect
from miner.serving.schemas import NewModel
from miner.serving.services import Services
from tests.support.serving import routes
from tests.support.tiny_models import make_encoder

LIMITS = ServerLimits(upload=5_000, body=2_000, documents=5, characters=60)
KEY = "a key of sixteen or more"
UPLOAD = {"name": "n", "type": "reranker-finetune-input"}
MODELS = "/v1/finetuning/finetuned-models"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("http") / "encoder")


@pytest.fixture(scope="module")
def client(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = ServerSettings(
        tmp_path_factory.mktemp("http") / "state", models={"tiny": str(encoder)}, limits=LIMITS
    )
    with TestClient(application(Services.open(settings)), base_url="http://localhost") as found:
        yield found


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"documents": ["a"]}, "query: Field required"),
        ({"query": "", "documents": ["a"]}, "query: String should have at least 1 character"),
        ({"query": 1, "documents": ["a"]}, "query: Input should be a valid string"),
        ({"query": "a", "documents": "b"}, "documents: Input should be a valid list"),
        ({"query": "a", "documents": ["b"], "top_n": 0}, "top_n: Input should be greater than or equal to 1"),
        ({"query": "a", "documents": ["b"], "top_n": "1"}, "top_n: Input should be a valid integer"),
        ({"query": "a", "documents": ["b", 1]}, "documents[1]: Input should be a valid string"),
        ({"query": "a", "documents": [{"title": "b"}]}, "documents[0] has no field 'text'"),
        ({"query": "a", "documents": ["b", {"text": 1}]}, "documents[1] holds a number; expected strings"),
        ({"query": "a", "documents": list("abcdef")}, "there are 6 documents; at most 5 are taken"),
        ({"query": "a" * 61, "documents": ["b"]}, "query has 61 characters; at most 60 are taken"),
        (
            {"query": "a", "documents": ["b", "c" * 61]},
            "documents[1] has 61 characters; at most 60 are taken",
        ),
        ([], "the body: Input should be"),
        ({"query": "a", "documents": ["b"], "top_k": 3}, "parameter 'top_k' is not a valid field"),
        (
            {"query": "a", "documents": ["b"], "max_tokens_per_doc": 2**64},
            "max_tokens_per_doc: Input should be",
        ),
        ({"query": "a", "documents": ["b"], "top_n": 2**31}, "top_n: Input should be less than or equal to"),
        ({"query": "a", "documents": ["b"], "priority": 10**400}, "is no JSON"),
    ],
)
def test_a_rerank_request_that_makes_no_sense_is_told_what_is_wrong(
    client: TestClient, body: Any, message: str
) -> None:
    for version in ("v1", "v2"):
        answer = client.post(
            f"/{version}/rerank", json=body if isinstance(body, list) else body | {"model": "tiny"}
        )
        assert answer.status_code == 400
        assert list(answer.json()) == ["message"]
        assert answer.json()["message"].startswith("invalid request: ")
        assert message in answer.json()["message"]


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", b'{"query": "\\ud800", "documents": ["a"]}', b"[" * 1500]
)
def test_a_body_that_is_no_json_is_refused(client: TestClient, data: bytes) -> None:
    answer = client.post("/v1/rerank", content=data, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert "JSON" in answer.json()["message"] or "Field required" in answer.json()["message"]


def test_numbers_that_are_none_are_refused_also_within_documents(client: TestClient) -> None:
    for number in ("NaN", "Infinity", "1e999"):
        data = f'{{"query": "a", "documents": [{{"text": "b", "n": {number}}}], "return_documents": true}}'
        answer = client.post("/v1/rerank", content=data, headers={"content-type": "application/json"})
        assert answer.status_code in (200, 400), number
        json.loads(answer.text, parse_constant=lambda name: pytest.fail(name))


def test_documents_are_cut_to_the_tokens_asked_for(client: TestClient) -> None:
    def scores(documents: list[str], **more: Any) -> list[float]:
        asked = {"model": "tiny", "query": "k1", "documents": documents, **more}
        results = client.post("/v2/rerank", json=asked).json()["results"]
        return [each["relevance_score"] for each in sorted(results, key=lambda each: int(each["index"]))]

    whole, cut = ["v1 w1 w2 w3", "v2", ""], ["v1 w1", "v2", ""]
    assert scores(whole, max_tokens_per_doc=2) == scores(cut)
    assert scores(whole) != scores(cut)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"name": ""}, "name: String should have at least 1 character"),
        ({"name": " "}, "name: String should match"),
        ({"name": "n" * 50}, "name: String should have at most 49 characters"),
        ({"type": "chat-finetune-input"}, "type: Input should be 'reranker-finetune-input'"),
        ({"keep_fields": "id"}, "keep_fields does not apply"),
        ({"skip_malformed_input": "true"}, "skip_malformed_input"),
    ],
)
def test_an_upload_of_another_kind_is_refused(client: TestClient, parameters: Any, message: str) -> None:
    files = {"data": ("d.jsonl", io.BytesIO(b"{}"))}
    answer = client.post("/v1/datasets", params=UPLOAD | parameters, files=files)
    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_an_upload_without_a_file_is_refused(client: TestClient) -> None:
    for sent in (
        {"files": {"other": ("d", io.BytesIO(b"{}"))}},
        {"data": {"data": "text"}},
        {"content": b"a"},
    ):
        answer = client.post("/v1/datasets", params=UPLOAD, **sent)
        assert answer.status_code == 400
        assert answer.json()["message"].startswith("invalid request: data: ")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v1/datasets?limit=-1.0", "limit: Input should be"),
        ("/v1/datasets?validationStatus=", "validationStatus: Input should be"),
        ("/v1/datasets?offset=x", "offset: Input should be a valid integer"),
        ("/v1/datasets?before=yesterday", "before: Input should be a valid datetime"),
        (f"{MODELS}?page_size=1.5", "page_size: Input should be a valid integer"),
        (f"{MODELS}?page_token=no", "page_token: String should match"),
        (f"{MODELS}?order_by=name", "order_by"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(client: TestClient, path: str, message: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 400
    assert message in answer.json()["message"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base_model": {"base_type": "BASE_TYPE_CHAT"}}, "settings.base_model.base_type: Input should be"),
        ({"hyperparameters": {"train_epochs": 0}}, "settings.hyperparameters.train_epochs: Input should be"),
    ],
)
def test_a_fine_tune_that_makes_no_sense_is_refused(client: TestClient, change: Any, message: str) -> None:
    settings = {"base_model": {"base_type": "BASE_TYPE_RERANK"}, "dataset_id": "d", **change}
    answer = client.post(MODELS, json={"name": "n", "settings": settings})
    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_a_fine_tune_of_nothing_is_not_found(client: TestClient) -> None:
    base = {"name": "x", "base_type": "BASE_TYPE_RERANK"}
    for settings, message in (
        (
            {"base_model": base, "dataset_id": "d"},
            "base model 'x' not found, make sure the correct model ID was used; this server has 'tiny'",
        ),
        ({"base_model": base | {"name": "tiny"}, "dataset_id": "none"}, "dataset 'none' not found"),
    ):
        answer = client.post(MODELS, json={"name": "n", "settings": settings})
        assert (answer.status_code, answer.json()["message"]) == (404, message)


def test_what_is_not_there_is_not_found_in_coheres_shape(client: TestClient) -> None:
    asked = [
        ("GET", "/v1/datasets/x"),
        ("DELETE", "/v1/datasets/x"),
        ("GET", f"{MODELS}/x"),
        ("GET", "/v1/nothing"),
    ]
    asked += [(method, f"{MODELS}/x") for method in ("DELETE",)] + [("POST", f"{MODELS}/x/cancel")]
    asked += [("GET", f"{MODELS}/x/events"), ("GET", f"{MODELS}/x/training-step-metrics")]
    for method, path in asked:
        answer = client.request(method, path)
        assert (answer.status_code, list(answer.json())) == (404, ["message"]), path
    answer = client.put("/v1/datasets")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert client.put(f"{MODELS}/x").headers["allow"] == "DELETE, GET, PATCH"


def test_an_endpoint_that_is_not_here_names_those_that_are(client: TestClient) -> None:
    message = client.post("/v1/embed", json={"texts": ["a"]}).json()["message"]
    assert message.startswith("this server has no /v1/embed; it answers to ")
    assert "/v2/rerank" in message


def test_the_openapi_document_names_every_route_and_no_other(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    described = {(method.upper(), path) for path, each in document["paths"].items() for method in each}
    internal = {"/", "/page.css", "/{name}.js", "/metrics", "/openapi.json"}
    answered = {(method, path) for path, methods in routes().items() for method in methods}
    assert described == {each for each in answered if each[1] not in internal and "/page/" not in each[1]}
    references = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert references <= set(document["components"]["schemas"])
    assert all("422" not in op["responses"] for each in document["paths"].values() for op in each.values())


def test_what_is_taken_without_effect_is_said(client: TestClient) -> None:
    asked = {"model": "tiny", "query": "a", "documents": ["b"]}
    assert client.post("/v2/rerank", json=asked).json()["meta"].get("warnings") is None
    warned = client.post("/v2/rerank", json=asked | {"max_chunks_per_doc": 3, "priority": 0}).json()["meta"]
    assert [text.partition(" has no effect")[0] for text in warned["warnings"]] == [
        "max_chunks_per_doc", "priority",
    ]  # fmt: skip


def test_settings_of_a_model_without_effect_are_named_by_their_place() -> None:
    settings = {
        "base_model": {"base_type": "BASE_TYPE_RERANK", "strategy": "STRATEGY_VANILLA"},
        "dataset_id": "d",
        "hyperparameters": {"train_epochs": 1, "early_stopping_threshold": 0.01},
    }
    sent = NewModel.model_validate({"name": "m", "settings": settings})
    assert [text.partition(" has no effect")[0] for text in without_effect(sent)] == [
        "settings.base_model.strategy", "settings.hyperparameters.early_stopping_threshold",
    ]  # fmt: skip
