"""/v1/finetuning/finetuned-models: train, watch, rename, cancel, delete."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from miner.serving import schemas as wire
from miner.serving.bodies import answer, body, ordered, page
from miner.serving.jobs import CANCELLED
from miner.serving.services import Services, house
from miner.serving.state import State, remove
from miner.serving.store import FAILED, QUEUED, UNFINISHED, DatasetRecord, ModelRecord, now
from miner.training.workspace import read_metrics

OWNER = "local"
ASIDE = ("step", "epoch", "seconds")


async def create(request: Request) -> Response:
    """POST /v1/finetuning/finetuned-models"""
    return await run_in_threadpool(_create, request, await body(request, wire.NewModel))


def _create(request: Request, asked: wire.NewModel) -> Response:
    settings, base = _settled(house(request), asked.settings)
    made = ModelRecord(str(uuid.uuid4()), asked.name, now(), now(), asked.settings.dataset_id, base, settings)
    house(request).state.store.add(made)
    house(request).trainer.wake()
    return answer(wire.OneModel(finetuned_model=wired(made)))


def _settled(house: Services, asked: wire.ModelSettings) -> tuple[dict[str, Any], str]:
    """The settings with the base model's name, and what that name stands for. Raises HTTPException 404 for a
    base model or a data set that is not there, 400 for one that is not validated.
    """
    models, settings = house.settings.models, _named(house, asked)
    name = settings["base_model"]["name"]
    if name not in models:
        known = ", ".join(map(repr, models))
        raise HTTPException(404, f"base model {name!r} not found; this server has {known}")
    dataset = house.state.store.get(DatasetRecord, asked.dataset_id)
    if dataset is None:
        raise HTTPException(404, f"dataset {asked.dataset_id!r} not found")
    if dataset.status != "validated":
        raise HTTPException(
            400, f"invalid request: dataset {dataset.id!r} is {dataset.status}, not validated"
        )
    return settings, models[name]


def _named(house: Services, asked: wire.ModelSettings) -> dict[str, Any]:
    """The settings as they are kept, with the name of the base model."""
    settings = asked.model_dump(exclude_none=True)
    settings["base_model"].setdefault("name", next(iter(house.settings.models)))
    return settings


def show(request: Request) -> Response:
    """GET /v1/finetuning/finetuned-models/{id}"""
    return answer(wire.OneModel(finetuned_model=wired(_there(request))))


def listing(request: Request) -> Response:
    """GET /v1/finetuning/finetuned-models"""
    models = house(request).state.store.all(ModelRecord)
    found, token = page(request.query_params, ordered(request.query_params, models))
    answered = wire.ManyModels(
        finetuned_models=[wired(each) for each in found], next_page_token=token, total_size=len(models)
    )
    return answer(answered)


async def change(request: Request) -> Response:
    """PATCH /v1/finetuning/finetuned-models/{id}: the name; the settings of a model that is not yet trained.

    Cohere's client always sends settings; those that the model has change nothing.
    """
    return await run_in_threadpool(_change, request, await body(request, wire.ModelChange))


def _change(request: Request, asked: wire.ModelChange) -> Response:
    model, home = _there(request), house(request)
    changes: dict[str, Any] = {} if asked.name is None else {"name": asked.name}
    among: tuple[str, ...] = ()
    if asked.settings is not None and _named(home, asked.settings) != model.settings:
        settings, base = _settled(home, asked.settings)
        changes |= {"settings": settings, "base": base, "dataset_id": asked.settings.dataset_id}
        among = (QUEUED,)
    if changes and not home.state.store.update(ModelRecord, model.id, among, **changes):
        raise HTTPException(
            400, "invalid request: settings can be changed while the model waits to be trained"
        )
    return show(request)


def cancel(request: Request) -> Response:
    """POST /v1/finetuning/finetuned-models/{id}/cancel: end the training, keep the record of it."""
    model, store = _there(request), house(request).state.store
    if not store.update(ModelRecord, model.id, UNFINISHED, status=FAILED, error=CANCELLED):
        raise HTTPException(400, f"the fine-tuned model is not being trained: {_there(request).status}")
    house(request).trainer.wake()
    return show(request)


def delete(request: Request) -> Response:
    """DELETE /v1/finetuning/finetuned-models/{id}; one that is being trained is cancelled first."""
    model, state = _there(request), house(request).state
    state.store.delete(ModelRecord, model.id)
    house(request).scorer.forget(str(state.weights(model.id)))
    remove(state.model(model.id))
    return answer(wire.Empty())


def events(request: Request) -> Response:
    """GET /v1/finetuning/finetuned-models/{id}/events"""
    found = house(request).state.store.events(_there(request).id)
    shown, token = page(request.query_params, ordered(request.query_params, found))
    listed = [wire.Event.model_validate({"user_id": OWNER, **event}) for event in shown]
    return answer(wire.Events(events=listed, next_page_token=token, total_size=len(found)))


def steps(request: Request) -> Response:
    """GET /v1/finetuning/finetuned-models/{id}/training-step-metrics, also while it is trained."""
    found = step_metrics(house(request).state, _there(request).id)
    shown, token = page(request.query_params, found)
    return answer(wire.Steps(step_metrics=shown, next_page_token=token, total_size=len(found)))


def step_metrics(state: State, id: str) -> list[wire.StepMetrics]:
    """Loss, learning rate and metrics on the evaluation rows, by step."""
    merged: dict[int, dict[str, float]] = {}
    records = read_metrics(state.weights(id) / "metrics.jsonl") or read_metrics(state.partial_metrics(id))
    for record in records:
        figures = {name: value for name, value in record.items() if name not in ASIDE}
        merged.setdefault(record["step"], {}).update(figures)
    return [wire.StepMetrics(step_number=step, metrics=figures) for step, figures in sorted(merged.items())]


def _there(request: Request) -> ModelRecord:
    id = request.path_params["id"]
    found = house(request).state.store.get(ModelRecord, id)
    if found is None:
        raise HTTPException(404, f"fine-tuned model {id!r} not found")
    return found


def wired(model: ModelRecord) -> wire.FinetunedModel:
    """The model as clients see it."""
    shown = {
        "id": model.id,
        "name": model.name,
        "creator_id": OWNER,
        "organization_id": OWNER,
        "settings": model.settings,
        "status": model.status,
        "created_at": model.created_at,
        "updated_at": model.updated_at,
        "completed_at": model.completed_at,
        "error": model.error,
        "evaluation": model.evaluation or None,
    }
    return wire.FinetunedModel.model_validate(shown)
