"""/v1/models: every model that ranks here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import Query

from miner.models.checks import read_json
from miner.models.locate import locate
from miner.serving import schemas as wire
from miner.serving.names import BaseModelName, UnknownName, answered, resolve
from miner.serving.problems import missing
from miner.serving.routing import Home, PageQuery, Whole, router
from miner.serving.settings import TUNED
from miner.serving.store import READY, ModelRecord

Endpoint = Literal["chat", "embed", "classify", "summarize", "rerank", "rate", "generate"]
TOKENS = 512
routes = router("models")


class ModelQuery(PageQuery):
    """Only models that rank are here: for another endpoint there is none."""

    page_size: Whole = 20
    endpoint: Endpoint | None = None
    default_only: bool = False


@routes.get("/v1/models", response_model_exclude_none=True)
def list_models(home: Home, asked: Annotated[ModelQuery, Query()]) -> wire.ModelList:
    """The models that rank here: the base models, Cohere's names for them, and the fine-tuned ones."""
    listed = list(_all(home)) if asked.endpoint in (None, "rerank") and not asked.default_only else []
    found, token = asked.of(listed)
    return wire.ModelList(models=found, next_page_token=token or None)


@routes.get("/v1/models/{model}", response_model_exclude_none=True)
def get_model(home: Home, model: str) -> wire.Model:
    """One of them, by its name."""
    tuned = home.state.store.get(ModelRecord, model.removesuffix(TUNED))
    if tuned is not None and tuned.status == READY:
        return _tuned(home, tuned)
    try:
        return _base(resolve(home.settings.models, model))
    except UnknownName as error:
        raise missing("model", model) from error


def _all(home: Home) -> Iterator[wire.Model]:
    yield from map(_base, answered(home.settings.models))
    for model in home.state.store.all(ModelRecord, "status = ?", (READY,)):
        yield _tuned(home, model)


def _base(found: BaseModelName) -> wire.Model:
    return wire.Model(name=found.name, context_length=context_length(found.model), stands_for=found.model)


def _tuned(home: Home, model: ModelRecord) -> wire.Model:
    length = context_length(str(home.state.weights(model.id)))
    return wire.Model(name=f"{model.id}{TUNED}", finetuned=True, context_length=length, stands_for=model.name)


def context_length(model: str) -> int:
    """Tokens that a model reads, by its own files."""
    folder = locate(model).folder
    written = read_json(folder / "sentence_bert_config.json") or {}
    described = read_json(folder / "reranker.json") or read_json(folder / "config.json") or {}
    found = written.get("max_seq_length") or described.get("max_length")
    return int(found or described.get("max_position_embeddings") or TOKENS)
