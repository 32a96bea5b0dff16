"""/v1/rerank and /v2/rerank."""

from __future__ import annotations

import asyncio
import logging
import uuid
from concurrent.futures import Future
from functools import lru_cache
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from miner.errors import MinerError
from miner.reranking import Ranked
from miner.serving import schemas as wire
from miner.serving.effects import without_effect
from miner.serving.names import BaseModelName, UnknownName, resolve
from miner.serving.problems import refuse
from miner.serving.routing import Home, router
from miner.serving.scoring import ScoreRequest
from miner.serving.settings import TUNED, ServerLimits
from miner.serving.store import READY, ModelRecord
from miner.storage.files import kind

TEXT = ("text",)
UNIT = 100
"""Documents that Cohere counts as one search unit."""
log = logging.getLogger("miner.serving")
routes = router("rerank")


@routes.post("/v1/rerank", response_model_exclude_none=True)
async def rerank_v1(request: Request, home: Home, asked: wire.RerankRequest) -> wire.RerankResponse:
    """Rank documents for a query."""
    return await _rerank(request, home, asked, "1")


@routes.post("/v2/rerank", response_model_exclude_none=True)
async def rerank_v2(request: Request, home: Home, asked: wire.NamedRerankRequest) -> wire.RerankResponse:
    """The same; the model must be named."""
    return await _rerank(request, home, asked, "2")


async def _rerank(
    request: Request, home: Home, asked: wire.RerankRequest, version: str
) -> wire.RerankResponse:
    texts = _texts(asked, home.settings.limits)
    found = await run_in_threadpool(_model, home, asked.model)
    wish = ScoreRequest(found.model, asked.query, texts, asked.top_n, asked.max_tokens_per_doc)
    future = home.scorer.ask(wish)
    if future is None:
        raise HTTPException(429, "too many documents wait to be ranked", {"retry-after": "1"})
    ranked = await _answered(request, future)
    return wire.RerankResponse(
        id=str(uuid.uuid4()),
        results=[_result(asked, place) for place in ranked],
        meta=wire.Meta(
            api_version={"version": version},
            billed_units={"search_units": -(-len(texts) // UNIT)},
            warnings=[*([found.warning] if found.warning else []), *without_effect(asked)] or None,
        ),
    )


async def _answered(request: Request, future: Future[list[Ranked]]) -> list[Ranked]:
    """The ranking; a client that hangs up before it comes takes its wish along."""
    ranking = asyncio.ensure_future(asyncio.wrap_future(future))
    gone = asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait((ranking, gone), return_when=asyncio.FIRST_COMPLETED)
        if not ranking.done():
            raise ClientDisconnect
        return ranking.result()
    except MinerError as error:
        raise HTTPException(500, str(error)) from None
    finally:
        gone.cancel()
        ranking.cancel()
        future.cancel()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue


def _model(home: Home, name: str | None) -> BaseModelName:
    """The folder of a base model, or of a fine-tuned one. Raises HTTPException 404 where there is none."""
    tuned = name and home.state.store.get(ModelRecord, name.removesuffix(TUNED))
    if tuned:
        if tuned.status != READY:
            raise HTTPException(400, f"model '{name}' is not ready: {tuned.status}")
        return BaseModelName(tuned.name, str(home.state.weights(tuned.id)))
    try:
        found = resolve(home.settings.models, name)
    except UnknownName as error:
        raise HTTPException(404, str(error)) from None
    if found.warning:
        _say_once(found.warning)
    return found


@lru_cache(maxsize=256)
def _say_once(warning: str) -> None:
    log.info(warning, extra={"event": "name"})


def _texts(asked: wire.RerankRequest, limits: ServerLimits) -> list[str]:
    """What is read of the documents. Raises HTTPException 400 for too many, too long or unreadable ones."""
    if len(asked.documents) > limits.documents:
        raise refuse(f"there are {len(asked.documents)} documents; at most {limits.documents} are taken")
    fields = asked.rank_fields or TEXT
    texts = [_text(document, place, fields) for place, document in enumerate(asked.documents)]
    for name, text in (("query", asked.query), *((f"documents[{i}]", text) for i, text in enumerate(texts))):
        if len(text) > limits.characters:
            raise refuse(f"{name} has {len(text)} characters; at most {limits.characters} are taken")
    return texts


def _text(document: str | dict[str, Any], place: int, fields: Any) -> str:
    if isinstance(document, str):
        return document
    parts = [document[name] for name in fields if name in document]
    if not parts:
        raise refuse(f"documents[{place}] has no field {' or '.join(map(repr, fields))}")
    for part in parts:
        if not isinstance(part, str):
            raise refuse(f"documents[{place}] holds {kind(part)}; expected strings")
    return "\n".join(parts)


def _result(asked: wire.RerankRequest, place: Ranked) -> wire.RerankResult:
    document = asked.documents[place.index]
    shown = {"text": document} if isinstance(document, str) else document
    return wire.RerankResult(
        index=place.index,
        relevance_score=place.relevance,
        document=shown if asked.return_documents else None,
    )
