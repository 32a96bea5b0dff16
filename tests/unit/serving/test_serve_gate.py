"""Who may ask a server, from where and how much; what it counts and logs; how it is started."""

from __future__ import annotations

import io
import json
import logging
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from miner.cli.serve import command
from miner.errors import ConfigError, Locked
from miner.models.locate import BUNDLED
from miner.serving import ServerLimits, ServerSettings
from miner.serving.app import application
from miner.serving.services import Services
from miner.serving.settings import parse_models
from miner.serving.telemetry import Lines
from tests.support.commandline import call
from tests.support.serving import routes, serving
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


@pytest.fixture(scope="module")
def locked(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server with a key."""
    settings = ServerSettings(
        tmp_path_factory.mktemp("key") / "state", models={"tiny": str(encoder)}, key=KEY
    )
    with TestClient(application(Services.open(settings)), base_url="http://miner.example") as found:
        yield found


def test_a_body_over_the_limit_is_refused_with_and_without_its_length_told(client: TestClient) -> None:
    for content in (b"x" * 2_001, iter([b"x" * 1_500, b"x" * 501])):
        answer = client.post("/v1/rerank", content=content)
        assert (answer.status_code, answer.json()["message"]) == (
            413,
            "the request is too large; at most 2000 bytes are taken",
        )
    files = {"data": ("d.jsonl", io.BytesIO(b"x" * 5_000))}
    assert client.post("/v1/datasets", params=UPLOAD, files=files).status_code == 413
    assert client.get("/v1/datasets/usage").json() == {"organization_usage": 0}


def test_a_client_that_falls_silent_is_told_so(encoder: Path, tmp_path: Path) -> None:
    settings = ServerSettings(
        tmp_path / "state", models={"tiny": str(encoder)}, limits=ServerLimits(silence=0.2)
    )
    with serving(settings) as (address, _):
        place = urlsplit(address)
        with socket.create_connection((place.hostname or "", place.port or 0)) as connection:
            head = b"Host: localhost\r\nContent-Length: 9\r\nConnection: close"
            connection.sendall(b"POST /v1/rerank HTTP/1.1\r\n" + head + b"\r\n\r\n{")
            answered = connection.makefile("rb").read(800)
    assert answered.startswith(b"HTTP/1.1 408 ")
    assert answered.endswith(b'{"message":"the request was not sent to its end in time"}')


def test_too_many_requests_at_once_are_put_off(encoder: Path, tmp_path: Path) -> None:
    settings = ServerSettings(
        tmp_path / "state", models={"tiny": str(encoder)}, limits=ServerLimits(requests=0)
    )
    with TestClient(application(Services.open(settings)), base_url="http://localhost") as client:
        answer = client.get("/v1/models")
        assert client.get("/health").status_code == 200
    assert (answer.status_code, answer.json()) == (503, {"message": "too many requests at once"})
    assert answer.headers["retry-after"] == "1"


def test_without_a_key_only_this_machine_and_its_own_pages_are_answered(client: TestClient) -> None:
    assert client.get("/health", headers={"origin": "http://localhost"}).status_code == 200
    for headers in ({"host": "rebound.example"}, {"origin": "http://evil.example"}, {"origin": "null"}):
        assert client.get("/health", headers=headers).status_code == 403


def test_a_key_is_asked_for_everywhere_but_where_nothing_is_told(locked: TestClient) -> None:
    for path, methods in routes().items():
        for method in methods:
            for header in (
                None,
                "Bearer",
                f"Bearer {KEY}x",
                f"Basic {KEY}",
                f"Bearer {KEY[:-1]}",
                "Bearer \xe9",
            ):
                headers = {} if header is None else {b"authorization": header.encode("latin-1")}
                answer = locked.request(method, path, headers=headers)
                open_to_all = path in ("/", "/page.css", "/page.js", "/health", "/openapi.json")
                assert (answer.status_code == 401) is not open_to_all, (path, header)
    assert locked.post("/v1/check-api-key", headers={"authorization": f"Bearer {KEY}"}).json()["valid"]


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "LocalHost:80", "[::1]:1", "127.9.9.9:8080"])
def test_a_name_that_only_this_machine_can_have_is_answered(client: TestClient, host: str) -> None:
    assert client.get("/health", headers={"host": host}).status_code == 200


def test_a_server_beyond_this_machine_needs_a_long_key(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.168.0.1", "miner.example"):
        with pytest.raises(ConfigError, match="can be reached from other machines"):
            ServerSettings(tmp_path, host)
    for host in ("127.0.0.1", "localhost", "::1", "127.9.9.9"):
        assert ServerSettings(tmp_path, host).local
    with pytest.raises(ConfigError, match="5 characters; expected 16 at least"):
        ServerSettings(tmp_path, "0.0.0.0", key="short")


def test_misuse_of_the_command_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    cases = {
        ("--host", "0.0.0.0"): "can be reached from other machines",
        ("--api-key-env", "NO_SUCH_KEY"): "NO_SUCH_KEY is not set",
        ("--model-name", "english"): "expected NAME=FOLDER",
        ("--model-name", f"english={tmp_path}"): "",
        ("--model-name", "a-ft=b"): "marks fine-tuned models",
    }
    for options, message in cases.items():
        outcome = call(capsys, "serve", tmp_path / "state", *options)
        assert outcome.code in (1, 2)
        assert outcome.err.startswith("error: ")
        assert outcome.err.count("\n") == 1
        assert message in outcome.err
    assert command.__doc__


def test_names_of_models_are_read(tmp_path: Path) -> None:
    found = parse_models([f"a={tmp_path}", "b=all-MiniLM-L6-v2"])
    assert found == {"a": str(tmp_path), "b": "all-MiniLM-L6-v2", "english": BUNDLED}
    assert parse_models(["english=x"]) == {"english": "x"}
    with pytest.raises(ConfigError, match="'a' twice"):
        parse_models(["a=b", "a=c"])


def test_one_state_has_one_server(client: TestClient) -> None:
    home: Any = client.app.state.house  # type: ignore[attr-defined]
    with pytest.raises(Locked, match="another server is at work"):
        Services.open(home.settings)


def test_requests_and_documents_are_counted(client: TestClient) -> None:
    def count(name: str) -> float:
        text = client.get("/metrics").text
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))

    before = (
        count("miner_reranked_documents_total"),
        count('miner_requests_total{method="POST",route="/v1/rerank"'),
    )
    client.post("/v1/rerank", json={"query": "k1", "documents": ["v1", "v2"]})
    after = (
        count("miner_reranked_documents_total"),
        count('miner_requests_total{method="POST",route="/v1/rerank"'),
    )
    assert (after[0] - before[0], after[1] - before[1]) == (2, 1)
    assert count("miner_waiting_documents ") == 0


def test_the_log_is_json_and_tells_no_text(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="miner.serving"):
        answer = client.post("/v1/rerank", json={"query": "k1 secret", "documents": ["v1"]})
    lines = [
        json.loads(Lines().format(record)) for record in caplog.records if record.name == "miner.serving"
    ]
    (line,) = [line for line in lines if line.get("id") == answer.headers["x-request-id"]]
    assert (line["event"], line["method"], line["path"], line["status"]) == (
        "request",
        "POST",
        "/v1/rerank",
        200,
    )
    assert "secret" not in json.dumps(lines)


def test_the_shell_of_the_page_holds_no_data_and_lets_nothing_else_in(client: TestClient) -> None:
    answer = client.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r"(src|href)=\"?(https?:|//)", answer.text)
    assert "tiny" not in answer.text
