"""/v1/finetuning/finetuned-models: train, watch, rename, cancel, delete."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import Depends
from starlette.exceptions import HTTPException

from miner.serving import schemas as wire
from miner.serving.effects import without_effect
from miner.serving.health import OWNER
from miner.serving.jobs import CANCELLED
from miner.serving.names import UnknownName, resolve
from miner.serving.problems import FULL, missing, refuse
from miner.serving.progress import progress_of
from miner.serving.routing import Home, Ordered, Pages, router
from miner.serving.state import State
from miner.serving.store import FAILED, QUEUED, UNFINISHED, DatasetRecord, ModelRecord, now
from miner.training.workspace import read_metrics

PATH = "/v1/finetuning/finetuned-models"
ASIDE = ("step", "epoch", "seconds")
routes = router("fine-tuned models")


@routes.post(PATH, response_model_exclude_none=True, responses=FULL)
def create_finetuned_model(home: Home, asked: wire.NewModel) -> wire.OneModel:
    """Put a fine-tune into the queue."""
    settings, base = _settled(home, asked.settings)
    made = ModelRecord(str(uuid.uuid4()), asked.name, now(), now(), asked.settings.dataset_id, base, settings)
    home.state.store.add(made)
    home.trainer.wake()
    return _answer(home, made, asked)


def _settled(home: Home, asked: wire.ModelSettings) -> tuple[dict[str, Any], str]:
    """The settings with the base model's name, and what that name stands for. Raises HTTPException 404 for a
    base model or a data set that is not there, 400 for one that is not validated.
    """
    settings = _named(home, asked)
    try:
        base = resolve(home.settings.models, settings["base_model"]["name"])
    except UnknownName as error:
        raise HTTPException(404, f"base {error}") from None
    dataset = home.state.store.get(DatasetRecord, asked.dataset_id)
    if dataset is None:
        raise missing("dataset", asked.dataset_id)
    if dataset.status != "validated":
        raise refuse(f"dataset {dataset.id!r} is {dataset.status}, not validated")
    return settings, base.model


def _named(home: Home, asked: wire.ModelSettings) -> dict[str, Any]:
    """The settings as they are kept, with the name of the base model."""
    settings = asked.model_dump(exclude_none=True, exclude={"multi_label": True})
    settings["base_model"].setdefault("name", next(iter(home.settings.models)))
    return settings


@routes.get(PATH, response_model_exclude_none=True)
def list_finetuned_models(home: Home, pages: Ordered) -> wire.ManyModels:
    """The fine-tuned models."""
    models = home.state.store.all(ModelRecord)
    found, token = pages.of(models)
    shown = [wired(home, each) for each in found]
    return wire.ManyModels(finetuned_models=shown, next_page_token=token, total_size=len(models))


def there(home: Home, id: str) -> ModelRecord:
    """The model of a path. Raises HTTPException 404."""
    if (found := home.state.store.get(ModelRecord, id)) is None:
        raise missing("fine-tuned model", id)
    return found


Found = Annotated[ModelRecord, Depends(there)]


@routes.get(f"{PATH}/{{id}}", response_model_exclude_none=True)
def get_finetuned_model(home: Home, found: Found) -> wire.OneModel:
    """One fine-tuned model."""
    return _answer(home, found)


@routes.patch(f"{PATH}/{{id}}", response_model_exclude_none=True, responses=FULL)
def update_finetuned_model(home: Home, found: Found, asked: wire.ModelChange) -> wire.OneModel:
    """Rename, or change the settings of a model that is not yet trained.

    Cohere's client always sends settings; those that the model has change nothing.
    """
    changes: dict[str, Any] = {} if asked.name is None else {"name": asked.name}
    among: tuple[str, ...] = ()
    if asked.settings is not None and _named(home, asked.settings) != found.settings:
        settings, base = _settled(home, asked.settings)
        changes |= {"settings": settings, "base": base, "dataset_id": asked.settings.dataset_id}
        among = (QUEUED,)
    if changes and not home.state.store.update(ModelRecord, found.id, among, **changes):
        raise refuse("settings can be changed while the model waits to be trained")
    return _answer(home, there(home, found.id), asked)


@routes.post(f"{PATH}/{{id}}/cancel", response_model_exclude_none=True)
def cancel_finetuned_model(home: Home, found: Found) -> wire.OneModel:
    """End its training, keep its record."""
    if not home.state.store.update(ModelRecord, found.id, UNFINISHED, status=FAILED, error=CANCELLED):
        raise refuse(f"the fine-tuned model is not being trained: {there(home, found.id).status}")
    home.trainer.wake()
    return _answer(home, there(home, found.id))


@routes.delete(f"{PATH}/{{id}}")
def delete_finetuned_model(home: Home, found: Found) -> wire.Empty:
    """End its training and forget it."""
    home.scorer.forget(str(home.state.weights(found.id)))
    home.state.forget(ModelRecord, found.id)
    return wire.Empty()


@routes.get(f"{PATH}/{{id}}/events")
def list_events(home: Home, found: Found, pages: Ordered) -> wire.Events:
    """Its changes of status."""
    all_of_them = home.state.store.events(found.id)
    shown, token = pages.of(all_of_them)
    listed = [wire.Event.model_validate({"user_id": OWNER, **event}) for event in shown]
    return wire.Events(events=listed, next_page_token=token, total_size=len(all_of_them))


@routes.get(f"{PATH}/{{id}}/training-step-metrics")
def list_training_step_metrics(home: Home, found: Found, pages: Pages) -> wire.Steps:
    """Its learning curve, also while it is trained."""
    steps = step_metrics(home.state, found.id)
    shown, token = pages.of(steps)
    return wire.Steps(step_metrics=shown, next_page_token=token, total_size=len(steps))


def step_metrics(state: State, id: str) -> list[wire.StepMetrics]:
    """Loss, learning rate and metrics on the evaluation rows, by step."""
    merged: dict[int, dict[str, float]] = {}
    records = read_metrics(state.weights(id) / "metrics.jsonl") or read_metrics(state.partial_metrics(id))
    for record in records:
        figures = {name: value for name, value in record.items() if name not in ASIDE}
        merged.setdefault(record["step"], {}).update(figures)
    return [wire.StepMetrics(step_number=step, metrics=figures) for step, figures in sorted(merged.items())]


def _answer(home: Home, model: ModelRecord, asked: wire.Sent | None = None) -> wire.OneModel:
    """The model, and what of the request had no effect."""
    warnings = list(without_effect(asked)) if asked else []
    return wire.OneModel(
        finetuned_model=wired(home, model), meta=wire.Told(warnings=warnings) if warnings else None
    )


def wired(home: Home, model: ModelRecord) -> wire.FinetunedModel:
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
        "progress": progress_of(home.state, model) if model.status in UNFINISHED else None,
    }
    return wire.FinetunedModel.model_validate(shown)
