"""The page at /: make a model from files to its id, look at what is here, and try it.

Its shell holds no data; everything else it asks for with the key, from the API and as pieces of HTML.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from miner.errors import MinerError
from miner.reporting import page as report
from miner.serving import datasets, finetuning
from miner.serving.curve import curves
from miner.serving.findings import correctable
from miner.serving.names import answered
from miner.serving.problems import refuse
from miner.serving.progress import progress_of
from miner.serving.routing import Home, router
from miner.serving.settings import TUNED
from miner.serving.snippets import snippets
from miner.serving.state import SIDES
from miner.serving.store import READY, UNCHECKED, UNFINISHED, DatasetRecord, ModelRecord
from miner.serving.suggested import suggested

if TYPE_CHECKING:
    from jinja2 import Environment

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SHOWN = 200
"""Data sets and models, the latest, that the page lists."""
SCRIPTS = ("page.js", "page-dom.js", "page-steps.js")
TITLES = dict(zip(SIDES, ("Training", "Validation"), strict=True))
BADGES = {"validated": "good", READY: "good", "failed": "error", "STATUS_FAILED": "error"}
WORDS = {
    "STATUS_QUEUED": "queued",
    "STATUS_FINETUNING": "training",
    "STATUS_DEPLOYING_API": "deploying",
    READY: "ready",
    "STATUS_FAILED": "failed",
}
STAGES = {"train": "Training", "evaluate": "Measuring", "": "Starting"}
routes = router("page")


@routes.get("/", include_in_schema=False)
async def shell() -> Response:
    text = environment().get_template("page.html").render()
    return Response(text, media_type="text/html", headers={"content-security-policy": POLICY})


@routes.get("/page.css", include_in_schema=False)
async def style() -> Response:
    return Response(report.asset("report.css") + _asset("page.css"), media_type="text/css")


@routes.get("/{name}.js", include_in_schema=False)
async def script(name: str) -> Response:
    if f"{name}.js" not in SCRIPTS:
        raise HTTPException(404)
    return Response(_asset(f"{name}.js"), media_type="text/javascript")


@routes.get("/page/lists", include_in_schema=False)
def lists(home: Home) -> Response:
    """Data sets and models."""
    store = home.state.store
    found, models = store.all(DatasetRecord)[: -SHOWN - 1 : -1], store.all(ModelRecord)[: -SHOWN - 1 : -1]
    tuned = [{"name": f"{m.id}{TUNED}", "title": m.name} for m in models if m.status == READY]
    base = [{"name": name, "title": model} for name, model in home.settings.models.items()]
    return _html(
        "_lists.html",
        datasets=found,
        models=models,
        names={dataset.id: dataset.name for dataset in found},
        choices={"base": base, "tuned": tuned},
        busy=any(d.status in UNCHECKED for d in found) or any(m.status in UNFINISHED for m in models),
        stand_ins=answered(home.settings.models),
        suffix=TUNED,
    )


@routes.get("/page/datasets/{id}", include_in_schema=False)
def review(home: Home, found: datasets.Found) -> Response:
    """What was found in a data set, and its preview."""
    sides = [part["id"] for part in found.parts]
    counts = {(each["rule"], each["side"]): each for each in found.findings}
    totals = {"error": 0, "warning": 0}
    for each in counts.values():
        totals[each["severity"]] += each["count"]
    return _html(
        "_review.html",
        dataset=found,
        unchecked=UNCHECKED,
        findings=_with_more(found.findings),
        errors=totals["error"],
        warnings=totals["warning"],
        correctable=correctable(found.findings),
        sides=sides,
        titles=TITLES,
        tabs=list(zip(sides, found.previews, strict=False)),
        defaults=suggested(home.state, found) if found.status == "validated" else "",
        decidable=home.settings.local and _negatives(found),
    )


def _negatives(dataset: DatasetRecord) -> int:
    """Hard negatives of the training data, once they are counted."""
    counted = dataset.metrics.get("finetune_dataset_metrics", {}).get("reranker_data_metrics", {})
    return int(counted.get("num_train_hard_negatives", 0))


@routes.post("/page/datasets/{id}/decisions", include_in_schema=False)
def decisions(home: Home, found: datasets.Found) -> dict[str, str]:
    """The address of a page on which a person decides on the hard negatives; it is served to this machine only."""
    if not home.settings.local:
        raise refuse("hard negatives are decided on at a server that binds to its own machine only")
    try:
        return {"address": home.reviews.address(found.id)}
    except MinerError as error:
        raise refuse(str(error).replace(f"{home.state.folder}/", "")) from None


def _with_more(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The findings; the last of a rule and file says how many more there are."""
    listed = [(each["rule"], each["side"]) for each in findings]
    shown = []
    for place, each in enumerate(findings):
        key = listed[place]
        more = each["count"] - listed.count(key) if key not in listed[place + 1 :] else 0
        shown.append({**each, "more": more})
    return shown


@routes.get("/page/models/{id}", include_in_schema=False)
def model(request: Request, home: Home, found: finetuning.Found) -> Response:
    """How far a model is, and what came of it."""
    dataset = home.state.store.get(DatasetRecord, found.dataset_id)
    progress, busy = progress_of(home.state, found), found.status in UNFINISHED
    id, address = f"{found.id}{TUNED}", str(request.base_url).rstrip("/")
    return _html(
        "_model.html",
        model=found,
        id=id,
        dataset=dataset.name if dataset else found.dataset_id,
        busy=busy,
        progress=progress,
        stage=STAGES.get(progress.stage, progress.stage.capitalize()),
        left=_spoken(progress.seconds_left) if busy else "",
        curves=curves(finetuning.step_metrics(home.state, found.id)),
        snippets=snippets(id, address, home.settings.key is not None),
    )


def _spoken(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def _html(template: str, **values: Any) -> Response:
    text: str = environment().get_template(template).render(badges=BADGES, words=WORDS, **values)
    return Response(text, media_type="text/html")


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
