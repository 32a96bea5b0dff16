"""The page at /: data sets, models and a box to try them. Its shell holds no data; the rest asks with the key."""

from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from miner.reporting import page as report
from miner.serving.finetuning import step_metrics
from miner.serving.routing import Home, router
from miner.serving.services import Services
from miner.serving.settings import TUNED
from miner.serving.state import SIDES
from miner.serving.store import READY, UNCHECKED, UNFINISHED, DatasetRecord, ModelRecord
from miner.training.train import CURVE

if TYPE_CHECKING:
    from jinja2 import Environment

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SHOWN = 50
"""Data sets and models, the latest, that the page shows."""
TITLES = dict(zip(SIDES, ("Training", "Validation"), strict=True))
routes = router("page")
BADGES = {"validated": "good", READY: "good", "failed": "error", "STATUS_FAILED": "error"}


@routes.get("/", include_in_schema=False)
async def shell() -> Response:
    text = environment().get_template("page.html").render()
    return Response(text, media_type="text/html", headers={"content-security-policy": POLICY})


@routes.get("/page.css", include_in_schema=False)
async def style() -> Response:
    return Response(report.asset("report.css") + _asset("page.css"), media_type="text/css")


@routes.get("/page.js", include_in_schema=False)
async def script() -> Response:
    return Response(_asset("page.js"), media_type="text/javascript")


@routes.get("/page/overview", include_in_schema=False)
def overview(home: Home) -> Response:
    """The part of the page that changes."""
    return Response(_overview(home), media_type="text/html")


@cache
def environment() -> Environment:
    """The report's templates and filters, and this page's templates. Raises MissingExtra."""
    found = report.environment()
    from jinja2 import ChoiceLoader, PackageLoader

    loaders = [PackageLoader("miner.serving", ""), *([found.loader] if found.loader else [])]
    found.loader = ChoiceLoader(loaders)
    return found


def _asset(name: str) -> str:
    return files("miner.serving").joinpath(name).read_text("utf-8")


def _overview(home: Services) -> str:
    store = home.state.store
    datasets, models = store.all(DatasetRecord)[: -SHOWN - 1 : -1], store.all(ModelRecord)[: -SHOWN - 1 : -1]
    names = {dataset.id: dataset.name for dataset in datasets}
    ready = [f"{model.id}{TUNED}" for model in models if model.status == READY]
    busy = any(d.status in UNCHECKED for d in datasets) or any(m.status in UNFINISHED for m in models)
    shown: str = (
        environment()
        .get_template("_overview.html")
        .render(
            datasets=[(dataset, _tabs(dataset)) for dataset in datasets],
            models=[(model, names.get(model.dataset_id, ""), _training(home, model)) for model in models],
            choices={"base": list(home.settings.models), "tuned": ready},
            titles={f"{model.id}{TUNED}": model.name for model in models},
            badges=BADGES,
            busy=busy,
            suffix=TUNED,
        )
    )
    return shown


def _tabs(dataset: DatasetRecord) -> list[tuple[str, dict[str, Any]]]:
    sides = [TITLES[part["id"]] for part in dataset.parts]
    return list(zip(sides, dataset.previews, strict=False))


def _training(home: Services, model: ModelRecord) -> dict[str, Any]:
    """How far a model is, and the drawing of its curve as a data address once there is one."""
    if model.status == READY:
        return {"curve": _drawing(home.state.weights(model.id) / CURVE), "last": None}
    steps = step_metrics(home.state, model.id) if model.status in UNFINISHED else []
    return {"curve": "", "last": steps[-1].step_number if steps else None}


def _drawing(path: Path) -> str:
    try:
        drawn = base64.b64encode(path.read_bytes()).decode()
    except OSError:
        return ""
    return f"data:image/svg+xml;base64,{drawn}"
