"""A service of models on loopback that speaks OpenAI's and Cohere's words and can be told to misbehave."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DIM = 8
Reply = tuple[int, dict[str, str], bytes]
Fault = Callable[[Reply], Reply]
Answerer = Callable[[str], str]
"""What a chat model says to the text of its last message."""


def vector(text: str) -> list[float]:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return [byte / 255 - 0.5 for byte in digest[:DIM]]


def relevance(query: str, document: str) -> float:
    """What share of the query's words stand in the document."""
    words = set(query.lower().split())
    return len(words & set(document.lower().split())) / max(1, len(words))


def status(code: int, **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda reply: (code, named, json.dumps({"error": {"message": "no"}, "message": "no"}).encode())


def raw(body: bytes, kind: str = "text/html") -> Fault:
    return lambda reply: (200, {"content-type": kind}, body)


def changed(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """The answer after `change` to its JSON."""

    def fault(reply: Reply) -> Reply:
        body = json.loads(reply[2])
        result = change(body)
        return reply[0], reply[1], json.dumps(body if result is None else result).encode()

    return fault


def slow(seconds: float) -> Fault:
    def fault(reply: Reply) -> Reply:
        time.sleep(seconds)
        return reply

    return fault


@dataclass
class FakeService:
    """`faults` are used up by the first requests, one each; None stands for a good answer."""

    address: str = ""
    faults: list[Fault | None] = field(default_factory=list)
    say: Answerer = lambda text: "no"
    requests: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """Texts that were answered for, in order, those asked for twice twice."""
    most_at_once: int = 0
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def openai(self) -> str:
        return f"{self.address}/v1"

    def answer(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Reply:
        with self._lock:
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
            self.requests.append((path, body, headers))
            fault = self.faults.pop(0) if self.faults else None
        reply = self._good(path, body)
        if fault is not None:
            reply = fault(reply)
        with self._lock:
            self._running -= 1
            if reply[0] == 200:
                self.texts += _texts(body)
        return reply

    def _good(self, path: str, body: dict[str, Any]) -> Reply:
        made = {
            "/v1/embeddings": self._embeddings,
            "/v1/chat/completions": self._chat,
            "/v2/embed": self._embed,
            "/v2/rerank": self._rerank,
        }.get(path)
        if made is None:
            return 404, {}, b'{"message": "no such path"}'
        return 200, {"content-type": "application/json"}, json.dumps(made(body)).encode()

    def _embeddings(self, body: dict[str, Any]) -> dict[str, Any]:
        data = [
            {"object": "embedding", "index": place, "embedding": vector(text)}
            for place, text in enumerate(body["input"])
        ]
        usage = {"prompt_tokens": len(data), "total_tokens": len(data)}
        return {"object": "list", "data": data, "model": body["model"], "usage": usage}

    def _chat(self, body: dict[str, Any]) -> dict[str, Any]:
        message = {"role": "assistant", "content": self.say(body["messages"][-1]["content"])}
        return {
            "id": "c",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
        }

    def _embed(self, body: dict[str, Any]) -> dict[str, Any]:
        floats = [vector(f"{body['input_type']} {text}") for text in body["texts"]]
        meta = {"billed_units": {"input_tokens": len(floats)}}
        return {"id": "e", "embeddings": {"float": floats}, "texts": body["texts"], "meta": meta}

    def _rerank(self, body: dict[str, Any]) -> dict[str, Any]:
        scored = [
            {"index": place, "relevance_score": relevance(body["query"], text)}
            for place, text in enumerate(body["documents"])
        ]
        return {"id": "r", "results": sorted(scored, key=lambda each: -each["relevance_score"])}


def _texts(body: dict[str, Any]) -> list[str]:
    for name in ("input", "texts", "documents"):
        if name in body:
            return list(body[name])
    return [message["content"] for message in body.get("messages", [])[-1:]]


@contextmanager
def fake_service(say: Answerer = lambda text: "no") -> Iterator[FakeService]:
    service = FakeService(say=say)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            code, more, data = service.answer(self.path, body, headers)
            try:
                self.send_response(code)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    service.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
