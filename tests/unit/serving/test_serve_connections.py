"""A server that stands: connections that keep still, clients that leave, and a log that cannot be flooded."""

from __future__ import annotations

import io
import json
import logging
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from miner.serving import ServerLimits, ServerSettings
from miner.serving.server import fitted
from miner.serving.services import Services
from miner.serving.telemetry import Bounded, Lines
from tests.support.serving import serving, until
from tests.support.tiny_models import make_encoder

HEAD = b"POST /v1/rerank HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("stand") / "encoder")


@contextmanager
def server(encoder: Path, state: Path, **limits: Any) -> Iterator[tuple[str, Services]]:
    settings = ServerSettings(state, models={"tiny": str(encoder)}, limits=ServerLimits(**limits))
    with serving(settings) as found:
        yield found


def connect(address: str) -> socket.socket:
    place = urlsplit(address)
    return socket.create_connection((place.hostname or "", place.port or 0), timeout=20)


def ask(body: dict[str, Any]) -> bytes:
    content = json.dumps(body).encode()
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(content) + content


def ended(connection: socket.socket) -> bool:
    """Whether the server has ended a connection that nothing was asked on."""
    try:
        return connection.recv(10) == b""
    except ConnectionResetError:
        return True


def lives(address: str) -> bool:
    with urlopen(f"{address}/health", timeout=20) as answer:
        return bool(json.load(answer)["status"] == "ok")


def test_connections_that_keep_still_make_room_for_those_that_ask(encoder: Path, tmp_path: Path) -> None:
    with server(encoder, tmp_path / "s", connections=20, head=600) as (address, _), ExitStack() as held:
        still = [held.enter_context(connect(address)) for _ in range(100)]
        for half in still[::2]:
            half.sendall(b"POST /v1/rerank HTT")
        assert lives(address)
        with connect(address) as asking:
            asking.sendall(ask({"query": "k1", "documents": ["v1"]}))
            assert asking.recv(800).startswith(b"HTTP/1.1 200 ")
        assert ended(still[0])


def test_a_connection_gets_so_long_for_a_head_and_no_longer(encoder: Path, tmp_path: Path) -> None:
    with server(encoder, tmp_path / "s", head=0.3) as (address, _), connect(address) as slow:
        start, sent = time.monotonic(), 0
        with suppress(OSError):
            for byte in HEAD * 9:
                slow.sendall(bytes([byte]))
                sent += 1
                time.sleep(0.02)
        assert 5 < sent < len(HEAD) * 9
        assert time.monotonic() - start < 10


def test_a_body_that_drips_is_ended(encoder: Path, tmp_path: Path) -> None:
    with server(encoder, tmp_path / "s", silence=0.4) as (address, _), connect(address) as slow:
        slow.sendall(HEAD + b"Content-Length: 999\r\n\r\n")
        for _ in range(20):
            slow.sendall(b"[")
            time.sleep(0.05)
        assert slow.recv(800).startswith(b"HTTP/1.1 408 ")


def test_requests_together_may_not_fill_the_memory(encoder: Path, tmp_path: Path) -> None:
    with server(encoder, tmp_path / "s", held=1_000) as (address, _), connect(address) as large:
        with connect(address) as first:
            first.sendall(HEAD + b"Content-Length: 900\r\n\r\n" + b" " * 800)
            time.sleep(0.2)
            large.sendall(HEAD + b"Content-Length: 900\r\n\r\n" + b" " * 800)
            assert large.recv(800).startswith(b"HTTP/1.1 503 ")
        until(lambda: True if lives(address) else None)
        with connect(address) as small:
            small.sendall(ask({"query": "k1", "documents": ["v1"]}))
            assert small.recv(800).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "head", [b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9\r\n\r\n", b"GET /\r\n\r\n", b"G" * 70_000]
)
def test_what_is_no_http_is_told_so_in_coheres_shape(encoder: Path, tmp_path: Path, head: bytes) -> None:
    with server(encoder, tmp_path / "s") as (address, _), connect(address) as odd:
        odd.sendall(head + b"\r\n\r\n")
        answer = odd.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["message"].startswith("invalid request: the head")


def test_a_client_that_hangs_up_frees_its_place_in_the_queue(encoder: Path, tmp_path: Path) -> None:
    with server(encoder, tmp_path / "s") as (address, house):
        go, watch = [False], house.scorer.watch

        def wait(pieces: int, documents: int) -> None:
            watch(pieces, documents)
            until(lambda: go[0] or None)

        until(lambda: None if house.scorer.documents else True)
        house.scorer.watch = wait
        with connect(address) as first:
            first.sendall(ask({"query": "k1", "documents": ["v1"]}))
            until(lambda: house.scorer.documents or None)
            gone = [connect(address) for _ in range(3)]
            for client in gone:
                client.sendall(ask({"query": "k2", "documents": ["v1"] * 60}))
            until(lambda: True if house.scorer.documents == 181 else None)
            for client in gone:
                client.close()
            until(lambda: True if house.scorer.documents == 1 else None)
            go[0] = True
            assert first.recv(800).startswith(b"HTTP/1.1 200 ")


def test_the_log_lets_so_many_lines_through_and_counts_the_others() -> None:
    talk = io.StringIO()
    handler = logging.StreamHandler(talk)
    handler.setFormatter(Lines())
    handler.addFilter(Bounded(at_once=5, a_second=10))
    for place in range(1_000):
        record = logging.makeLogRecord({"name": "n", "levelno": 20, "levelname": "INFO", "msg": "x" * 10_000})
        record.created = 1_000 + place / 1_000
        handler.handle(record)
    handler.handle(logging.makeLogRecord({"name": "n", "levelno": 40, "levelname": "ERROR", "msg": "other"}))
    lines = [json.loads(line) for line in talk.getvalue().splitlines()]
    assert len(lines) == 5 + 9 + 1
    assert sum(line.get("left_out", 0) for line in lines) > 800
    assert max(len(line["message"]) for line in lines) == 4_000
    assert lines[-1]["message"] == "other"


def test_no_more_connections_are_taken_than_files_may_be_open(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = ServerLimits(connections=5_000)
    monkeypatch.setattr(resource, "setrlimit", lambda kind, to: None)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1_024, 1_024))
    assert fitted(limits) == replace(limits, connections=768)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1_024, 20_000))
    assert fitted(limits) == limits
