"""The application: its routes, what every request passes, and what becomes of errors."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from miner.serving import datasets, findings, finetuning, health, models, page, problems, rerank
from miner.serving.middleware import GuardMiddleware
from miner.serving.services import Services
from miner.version import __version__

ROUTERS = (health, models, rerank, datasets, findings, finetuning, page)
ABOUT = "Cohere's data sets, rerank fine-tuning and rerank endpoints on one's own machine."


def application(home: Services) -> FastAPI:
    """The application that answers for a house; the house is closed when it ends."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(home.close)

    app = FastAPI(
        title="miner serve",
        version=__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_named,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=lifespan,
    )
    app.state.house = home
    app.add_middleware(GuardMiddleware, settings=home.settings, counters=home.counters)
    for part in ROUTERS:
        app.include_router(part.routes)
    problems.install(app)
    app.add_exception_handler(sqlite3.OperationalError, problems.full)
    return app


def _named(route: APIRoute) -> str:
    return route.name
