"""What every request passes: who may ask, from where, how much, and a line in the log about it."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
import uuid
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from miner.serving.settings import ServerSettings
from miner.serving.telemetry import Counters

OPEN = ("/", "/health", "/openapi.json", "/page.css", "/page.js")
"""Asked for without a key: they hold nothing of the server's."""
METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE")
UPLOAD = "/v1/datasets"
GONE = 499
"""What the log says of a client that left before its answer."""
NAMES = ("localhost", "127.0.0.1", "[::1]")
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
        self.running = 0

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

        self.running += 1
        try:
            refused = self._refused(scope)
            if refused is not None:
                await refused(scope, receive, tell)
            else:
                await self.app(scope, self._metered(scope, receive), tell)
        except ClientDisconnect:
            status = GONE
        except Exception:
            log.exception("a request failed", extra={"event": "failure", "id": id})
            if not sent:
                await problem(500, "internal error; the server's log has more")(scope, receive, tell)
        finally:
            self.running -= 1
            self._note(scope, status, time.perf_counter() - start, id)

    def _refused(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        if foreign := self._foreign(headers):
            return problem(403, foreign)
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return problem(400, "the header Content-Length is no number")
        if int(length) > (limit := self._limit(scope)):
            return problem(413, _too_large(limit))
        if self.settings.key is not None and scope["path"] not in OPEN and not self._known(headers):
            return problem(401, "invalid api token")
        if self.running > self.settings.limits.requests:
            return problem(503, "too many requests at once", {"retry-after": "1"})
        return None

    def _foreign(self, headers: Headers) -> str:
        """Why a request that a web page of somebody else's may have sent is refused.

        Without a key anything that a browser on this machine opens could ask: so the name asked for must be
        this machine's own (against DNS rebinding), and a page that asks must be the server's.
        """
        host = headers.get("host", "")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if self.settings.key is None and name.lower() not in NAMES:
            return "without an API key the server answers to localhost only"
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return "pages of other servers may not ask this one"
        return ""

    def _known(self, headers: Headers) -> bool:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        given = key if scheme.lower() == "bearer" else ""
        return hmac.compare_digest(
            given.strip().encode("latin-1", "replace"), (self.settings.key or "").encode()
        )

    def _limit(self, scope: Scope) -> int:
        limits = self.settings.limits
        return limits.upload if (scope["method"], scope["path"]) == ("POST", UPLOAD) else limits.body

    def _metered(self, scope: Scope, receive: Receive) -> Receive:
        """The body, as long as it is neither too large nor too slow."""
        limit, silence = self._limit(scope), self.settings.limits.silence
        taken, ended = 0, False

        async def metered() -> Message:
            nonlocal taken, ended
            if ended:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), silence)
            except TimeoutError:
                raise HTTPException(408, "the request was not sent to its end in time") from None
            taken += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if taken > limit:
                raise HTTPException(413, _too_large(limit))
            return message

        return metered

    def _note(self, scope: Scope, status: int, seconds: float, id: str) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.counters.answered(method, route, status, seconds)
        fields: dict[str, Any] = {
            "event": "request",
            "id": id,
            "method": scope["method"],
            "path": scope["path"],
        }
        log.info("request", extra={**fields, "status": status, "seconds": round(seconds, 4)})


def problem(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """A refusal as Cohere's API words it."""
    return JSONResponse({"message": message}, status, headers)


def _too_large(limit: int) -> str:
    return f"the request is too large; at most {limit} bytes are taken"
