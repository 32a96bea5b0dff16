"""What every request passes: who may ask, from where, how much, and a line in the log about it."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import time
import uuid
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from miner.serving.problems import problem
from miner.serving.settings import ServerSettings
from miner.serving.telemetry import Counters

OPEN = ("/", "/health", "/openapi.json", "/page.css", "/page.js", "/page-dom.js", "/page-steps.js")
"""Asked for without a key: they hold nothing of the server's."""
METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE")
UPLOAD, HEALTH = "/v1/datasets", "/health"
GONE = 499
"""What the log says of a client that left before its answer."""
DIGITS = 15
LOGGED = 200
"""Characters of a path that the log holds."""
BUSY, SOON = "too many requests at once", {"retry-after": "1"}
SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
log = logging.getLogger("miner.serving")


class GuardMiddleware:
    """Around the whole application."""

    def __init__(self, app: ASGIApp, settings: ServerSettings, counters: Counters) -> None:
        self.app, self.settings, self.counters = app, settings, counters
        self.running, self.held = 0, 0
        """Requests that were read and are answered, and bytes of requests in memory."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status, sent = time.perf_counter(), 500, False
        scope.setdefault("state", {})["id"] = id = uuid.uuid4().hex

        async def tell(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status, sent = message["status"], True
                MutableHeaders(scope=message).update({"x-request-id": id})
                message["headers"] = [*message["headers"], *SAFE]
            await send(message)

        body = MeteredBody(self, scope, receive)
        try:
            refused = self._refused(scope)
            if refused is not None:
                await refused(scope, receive, tell)
            else:
                body.begin()
                await self.app(scope, body.receive, tell)
        except ClientDisconnect:
            status = GONE
        except Exception:
            log.exception("a request failed", extra={"event": "failure", "id": id})
            if not sent:
                await problem(500, "internal error; the server's log has more")(scope, receive, tell)
        finally:
            body.release()
            self._note(scope, status, time.perf_counter() - start, id)

    def _refused(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        if foreign := self._foreign(headers):
            return problem(403, foreign)
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return problem(400, "the header Content-Length is no number")
        if len(length) > DIGITS or int(length) > self.limit(scope):
            return problem(413, _too_large(self.limit(scope)))
        if self.settings.key is not None and scope["path"] not in OPEN and not self._known(headers):
            return problem(401, "invalid api token")
        if self.full(scope):
            return problem(503, BUSY, SOON)
        return None

    def full(self, scope: Scope) -> bool:
        """Whether as many requests are answered already as may be; that the server lives is always told."""
        return self.running >= self.settings.limits.requests and scope["path"] != HEALTH

    def _foreign(self, headers: Headers) -> str:
        """Why a request that a web page of somebody else's may have sent is refused.

        Without a key anything that a browser on this machine opens could ask: so the name asked for must be
        this machine's own (against DNS rebinding), and a page that asks must be the server's.
        """
        host = headers.get("host", "")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if self.settings.key is None and not self._ours(name.lower()):
            return "without an API key the server answers to localhost only"
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return "pages of other servers may not ask this one"
        return ""

    def _ours(self, name: str) -> bool:
        """Whether a name can be this machine's alone: no DNS makes an address of loopback another's."""
        if name in ("localhost", self.settings.host.lower()):
            return True
        try:
            return ipaddress.ip_address(name.strip("[]")).is_loopback
        except ValueError:
            return False

    def _known(self, headers: Headers) -> bool:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        given = key if scheme.lower() == "bearer" else ""
        return hmac.compare_digest(
            given.strip().encode("latin-1", "replace"), (self.settings.key or "").encode()
        )

    def limit(self, scope: Scope) -> int:
        limits = self.settings.limits
        return limits.upload if (scope["method"], scope["path"]) == ("POST", UPLOAD) else limits.body

    def _note(self, scope: Scope, status: int, seconds: float, id: str) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.counters.answered(method, route, status, seconds)
        fields: dict[str, Any] = {
            "event": "request",
            "id": id,
            "method": scope["method"][:LOGGED],
            "path": scope["path"][:LOGGED],
        }
        log.info("request", extra={**fields, "status": status, "seconds": round(seconds, 4)})


class MeteredBody:
    """A request's body, as long as it is neither too large nor too slow, and there is room for it."""

    def __init__(self, guard: GuardMiddleware, scope: Scope, receive: Receive) -> None:
        self.guard, self.scope, self.more = guard, scope, receive
        self.limits, self.limit = guard.settings.limits, guard.limit(scope)
        self.spooled = self.limit != self.limits.body
        self.start, self.taken, self.whole = time.monotonic(), 0, False

    def begin(self) -> None:
        """A request without a body is whole as it comes."""
        headers = Headers(scope=self.scope)
        if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
            self._end()

    async def receive(self) -> Message:
        if self.whole:
            return await self.more()
        try:
            message = await asyncio.wait_for(self.more(), self._patience())
        except TimeoutError:
            raise HTTPException(408, "the request was not sent to its end in time") from None
        self._take(len(message.get("body", b"")))
        if not message.get("more_body", False):
            if self.guard.full(self.scope):
                raise HTTPException(503, BUSY, SOON)
            self._end()
        return message

    def _patience(self) -> float:
        """Seconds for the next piece: a slow sender gets as long as its bytes take at the least pace."""
        end = self.start + self.limits.silence + self.taken / self.limits.pace
        return min(self.limits.silence, max(end - time.monotonic(), 0.0))

    def _take(self, more: int) -> None:
        self.taken += more
        if not self.spooled:
            self.guard.held += more
        if self.taken > self.limit:
            raise HTTPException(413, _too_large(self.limit))
        if self.guard.held > self.limits.held:
            raise HTTPException(503, "too much is being sent at once", SOON)

    def _end(self) -> None:
        self.whole = True
        self.guard.running += 1

    def release(self) -> None:
        self.guard.running -= self.whole
        if not self.spooled:
            self.guard.held -= self.taken


def _too_large(limit: int) -> str:
    return f"the request is too large; at most {limit} bytes are taken"
