"""/v1/rerank and /v2/rerank."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from miner.errors import MinerError
from miner.reranking import Ranked
from miner.serving import schemas as wire
from miner.serving.bodies import answer, body
from miner.serving.scoring import ScoreRequest
from miner.serving.services import Services, house
from miner.serving.settings import TUNED, ServerLimits
from miner.serving.store import READY, ModelRecord
from miner.storage.files import kind

TEXT = ("text",)
UNIT = 100
"""Documents that Cohere counts as one search unit."""


async def first(request: Request) -> Response:
    """POST /v1/rerank"""
    return await _rerank(request, await body(request, wire.RerankRequest), "1")


async def second(request: Request) -> Response:
    """POST /v2/rerank: the model must be named."""
    return await _rerank(request, await body(request, wire.NamedRerankRequest), "2")


async def _rerank(request: Request, asked: wire.RerankRequest, version: str) -> Response:
    home = house(request)
    texts = _texts(asked, home.settings.limits)
    model = await run_in_threadpool(_model, home, asked.model)
    wish = ScoreRequest(model, asked.query, texts, asked.top_n, asked.max_tokens_per_doc)
    future = home.scorer.ask(wish)
    if future is None:
        raise HTTPException(429, "too many documents wait to be ranked", {"retry-after": "1"})
    try:
        ranked = await asyncio.wrap_future(future)
    except MinerError as error:
        raise HTTPException(500, str(error)) from None
    units = -(-len(texts) // UNIT)
    meta = {"api_version": {"version": version}, "billed_units": {"search_units": units}}
    results = [_result(asked, place) for place in ranked]
    return answer(wire.RerankResponse(id=str(uuid.uuid4()), results=results, meta=meta))


def _model(home: Services, name: str | None) -> str:
    """The folder of a base model, or of a fine-tuned one. Raises HTTPException 404 where there is none."""
    models = home.settings.models
    if name is None:
        return next(iter(models.values()))
    if name in models:
        return models[name]
    found = home.state.store.get(ModelRecord, name.removesuffix(TUNED)) if name.endswith(TUNED) else None
    if found is None:
        raise HTTPException(404, f"model '{name}' not found, make sure the correct model ID was used")
    if found.status != READY:
        raise HTTPException(400, f"model '{name}' is not ready: {found.status}")
    return str(home.state.weights(found.id))


def _texts(asked: wire.RerankRequest, limits: ServerLimits) -> list[str]:
    """What is read of the documents. Raises HTTPException 400 for too many, too long or unreadable ones."""
    if len(asked.documents) > limits.documents:
        found = f"{len(asked.documents)} documents; at most {limits.documents} are taken"
        raise HTTPException(400, f"invalid request: there are {found}")
    fields = asked.rank_fields or TEXT
    texts = [_text(document, place, fields) for place, document in enumerate(asked.documents)]
    for name, text in (("query", asked.query), *((f"documents[{i}]", text) for i, text in enumerate(texts))):
        if len(text) > limits.characters:
            found = f"{name} has {len(text)} characters; at most {limits.characters} are taken"
            raise HTTPException(400, f"invalid request: {found}")
    return texts


def _text(document: str | dict[str, Any], place: int, fields: Any) -> str:
    if isinstance(document, str):
        return document
    parts = [document[name] for name in fields if name in document]
    if not parts:
        expected = " or ".join(map(repr, fields))
        raise HTTPException(400, f"invalid request: documents[{place}] has no field {expected}")
    for part in parts:
        if not isinstance(part, str):
            raise HTTPException(
                400, f"invalid request: documents[{place}] holds {kind(part)}; expected strings"
            )
    return "\n".join(parts)


def _result(asked: wire.RerankRequest, place: Ranked) -> wire.RerankResult:
    document = asked.documents[place.index]
    shown = {"text": document} if isinstance(document, str) else document
    return wire.RerankResult(
        index=place.index,
        relevance_score=place.relevance,
        document=shown if asked.return_documents else None,
    )
