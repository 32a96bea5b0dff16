"""The application: routes, and what becomes of errors."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from inspect import iscoroutinefunction
from typing import cast

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from miner.serving import datasets, finetuning, page, rerank
from miner.serving import health as basics
from miner.serving.middleware import GuardMiddleware, problem
from miner.serving.openapi import document
from miner.serving.services import Services

Endpoint = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]
"""One that is no coroutine runs in a thread: it may wait for the disk."""
MODELS = "/v1/finetuning/finetuned-models"


async def openapi(request: Request) -> Response:
    """GET /openapi.json"""
    return JSONResponse(document())


ROUTES: Mapping[str, Mapping[str, Endpoint]] = {
    "/": {"GET": page.shell},
    "/page.css": {"GET": page.style},
    "/page.js": {"GET": page.script},
    "/page/overview": {"GET": page.overview},
    "/health": {"GET": basics.health},
    "/metrics": {"GET": basics.metrics},
    "/openapi.json": {"GET": openapi},
    "/v1/check-api-key": {"POST": basics.check_key},
    "/v1/rerank": {"POST": rerank.first},
    "/v2/rerank": {"POST": rerank.second},
    "/v1/datasets": {"POST": datasets.create, "GET": datasets.listing},
    "/v1/datasets/usage": {"GET": datasets.usage},
    "/v1/datasets/{id}": {"GET": datasets.show, "DELETE": datasets.delete},
    MODELS: {"POST": finetuning.create, "GET": finetuning.listing},
    f"{MODELS}/{{id}}": {
        "GET": finetuning.show,
        "PATCH": finetuning.change,
        "DELETE": finetuning.delete,
    },
    f"{MODELS}/{{id}}/cancel": {"POST": finetuning.cancel},
    f"{MODELS}/{{id}}/events": {"GET": finetuning.events},
    f"{MODELS}/{{id}}/training-step-metrics": {"GET": finetuning.steps},
}


def application(home: Services) -> Starlette:
    """The application that answers for a house; the house is closed when it ends."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(home.close)

    app = Starlette(
        routes=[_route(path, endpoints) for path, endpoints in ROUTES.items()],
        middleware=[Middleware(GuardMiddleware, settings=home.settings, counters=home.counters)],
        exception_handlers={HTTPException: _refuse, OSError: _full, sqlite3.OperationalError: _full},
        lifespan=lifespan,
    )
    app.state.house = home
    return app


def _route(path: str, endpoints: Mapping[str, Endpoint]) -> Route:
    async def endpoint(request: Request) -> Response:
        chosen = endpoints[request.method.replace("HEAD", "GET")]
        if iscoroutinefunction(chosen):
            return cast(Response, await chosen(request))
        return cast(Response, await run_in_threadpool(chosen, request))

    return Route(path, endpoint, methods=list(endpoints))


def _refuse(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return problem(error.status_code, error.detail, dict(error.headers or {}))


def _full(request: Request, error: Exception) -> Response:
    """The disk is full, or does not let itself be written."""
    return problem(507, f"what was sent cannot be stored ({getattr(error, 'strerror', None) or error})")
