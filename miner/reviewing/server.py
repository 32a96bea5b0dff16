"""A server on loopback for one file: its address carries a token, and it answers nobody else's pages."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import orjson

from miner.errors import ConfigError, MinerError
from miner.judgments import VERDICTS
from miner.reviewing.queue import ReviewQueue

HOSTS = ("127.0.0.1", "localhost")
ASSETS = {
    "": ("review.html", "text/html"),
    "review.css": ("review.css", "text/css"),
    "review.js": ("review.js", "text/javascript"),
}
LONGEST = 10_000
"""Bytes of a request's body."""
SILENCE = 30
"""Seconds that a connection may say nothing."""
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class Refused(MinerError):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class ReviewServer:
    """Serves a queue until it is closed; `address` holds the token. Raises ConfigError for a port that is
    taken."""

    def __init__(self, queue: ReviewQueue, port: int = 0) -> None:
        self.queue, self.token, self.lock = queue, secrets.token_urlsafe(18), Lock()
        handler = type("Handler", (ReviewHandler,), {"review": self})
        try:
            self.server = ThreadingHTTPServer((HOSTS[0], port), handler)
        except (OSError, OverflowError) as error:
            raise ConfigError(f"port {port}: cannot be served at ({error})") from None
        self.server.daemon_threads = True
        self.port = int(self.server.server_address[1])

    @property
    def address(self) -> str:
        return f"http://{HOSTS[0]}:{self.port}/{self.token}/"

    def run(self) -> None:
        self.server.serve_forever(poll_interval=0.2)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method: str, path: str, body: bytes) -> tuple[str, bytes]:
        """Content type and content. Raises Refused, and MinerError where an answer cannot be kept."""
        token, _, name = urlsplit(path).path.lstrip("/").partition("/")
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.token.encode()):
            raise Refused(HTTPStatus.NOT_FOUND, "there is nothing here; open the address that miner printed")
        if method == "GET" and name in ASSETS:
            file, kind = ASSETS[name]
            return f"{kind}; charset=utf-8", files("miner.reviewing").joinpath(file).read_bytes()
        calls: dict[tuple[str, str], Callable[[bytes], Any]] = {
            ("GET", "state"): lambda body: self.queue.state(),
            ("POST", "item"): lambda body: self.queue.item(self._place(body)),
            ("POST", "decide"): self._decide,
            ("POST", "undo"): self._undo,
        }
        with self.lock:
            if (method, name) == ("GET", "export"):
                return "application/jsonl; charset=utf-8", self.queue.export()
            if (call := calls.get((method, name))) is None:
                raise Refused(HTTPStatus.NOT_FOUND, "there is nothing here")
            return "application/json", orjson.dumps(call(body))

    def _decide(self, body: bytes) -> dict[str, Any]:
        verdict = _object(body).get("verdict")
        if verdict not in VERDICTS:
            raise Refused(HTTPStatus.BAD_REQUEST, f"expected a verdict: {', '.join(VERDICTS)}")
        self.queue.decide(self._place(body), verdict)
        return self.queue.state()

    def _undo(self, body: bytes) -> dict[str, Any]:
        self.queue.undo(self._place(body))
        return self.queue.state()

    def _place(self, body: bytes) -> int:
        place = _object(body).get("place")
        if type(place) is not int or not 0 <= place < len(self.queue):
            raise Refused(HTTPStatus.BAD_REQUEST, f"expected a place from 0 to {len(self.queue) - 1}")
        return place


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "expected a JSON object")
    return value


class ReviewHandler(BaseHTTPRequestHandler):
    """One request a connection, so that none outlives the server."""

    review: ReviewServer
    timeout, server_version, sys_version = SILENCE, "miner", ""

    def do_GET(self) -> None:
        self._reply("GET")

    def do_POST(self) -> None:
        self._reply("POST")

    def _reply(self, method: str) -> None:
        try:
            kind, content = self.review.answer(method, self.path, self._admitted(method))
            self._send(HTTPStatus.OK, kind, content)
        except Refused as refused:
            self._send(refused.status, "application/json", orjson.dumps({"message": str(refused)}))
        except MinerError as error:
            told = orjson.dumps({"message": str(error)})
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, "application/json", told)

    def _admitted(self, method: str) -> bytes:
        """The body of a request that this server's own page may have sent. Raises Refused."""
        host = self.headers.get("host", "")
        if host not in [f"{name}:{self.review.port}" for name in HOSTS]:
            raise Refused(HTTPStatus.FORBIDDEN, "this server answers to this machine only")
        origin = self.headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            raise Refused(HTTPStatus.FORBIDDEN, "pages of other servers may not ask this one")
        length = self.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LONGEST:
            self.close_connection = True
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too large")
        return self.rfile.read(int(length)) if method == "POST" else b""

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Requests are nobody's news."""
