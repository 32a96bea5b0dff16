"""The OpenAPI document: paths are listed here, bodies come from the wire types that requests are parsed by."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from miner.serving import schemas as wire
from miner.serving.datasets import KIND, NAME_LENGTH, STATUSES
from miner.version import __version__

Document = dict[str, Any]
SCHEMAS = "#/components/schemas/{model}"
SENT: tuple[type[BaseModel], ...] = (
    wire.RerankRequest, wire.NamedRerankRequest, wire.NewModel, wire.ModelChange,
)  # fmt: skip
ANSWERED: tuple[type[BaseModel], ...] = (
    wire.RerankResponse, wire.OneModel, wire.ManyModels, wire.Events, wire.Steps, wire.NewDataset,
    wire.OneDataset, wire.ManyDatasets, wire.Usage, wire.Empty, wire.Problem, wire.Health, wire.KeyCheck,
)  # fmt: skip
REASONS = {
    400: "What was asked for makes no sense; the message says why.",
    401: "The API key is missing or wrong.",
    403: "The request comes from a web page of another server.",
    404: "There is no such thing.",
    408: "The request was not sent to its end in time.",
    413: "The request is too large.",
    429: "Too much waits already; try again after the seconds of Retry-After.",
    500: "The server failed; its log has more.",
    503: "Too many requests at once; try again after the seconds of Retry-After.",
    507: "The disk is full.",
}
MODELS = "/v1/finetuning/finetuned-models"


@cache
def document() -> Document:
    """OpenAPI 3.1."""
    kinds: list[tuple[type[BaseModel], Any]] = [(kind, "validation") for kind in SENT]
    kinds += [(kind, "serialization") for kind in ANSWERED]
    _, schemas = models_json_schema(kinds, ref_template=SCHEMAS)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "miner serve",
            "version": __version__,
            "description": "Cohere's data sets, rerank fine-tuning and rerank endpoints on one's own machine.",
        },
        "security": [{"key": []}, {}],
        "paths": _paths(),
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> Document:
    return {**_plain_paths(), **_dataset_paths(), **_model_paths()}


def _plain_paths() -> Document:
    first, second = (
        {"requestBody": _json_body(kind), "codes": (400, 404, 408, 413, 429, 500)}
        for kind in (wire.RerankRequest, wire.NamedRerankRequest)
    )
    return {
        "/health": {"get": _operation("health", "Whether the server answers.", wire.Health, security=[])},
        "/v1/check-api-key": {
            "post": _operation("check_api_key", "Whether the key is right.", wire.KeyCheck)
        },
        "/v1/rerank": {
            "post": _operation("rerank_v1", "Rank documents for a query.", wire.RerankResponse, **first)
        },
        "/v2/rerank": {
            "post": _operation(
                "rerank_v2", "The same; the model must be named.", wire.RerankResponse, **second
            )
        },
    }


def _dataset_paths() -> Document:
    one = [_path_parameter()]
    return {
        "/v1/datasets": {
            "post": _operation(
                "create_dataset",
                "Upload training and evaluation rows; they are validated after the answer.",
                wire.NewDataset,
                parameters=[
                    _query(
                        "name",
                        {"type": "string", "minLength": 1, "maxLength": NAME_LENGTH - 1},
                        required=True,
                    ),
                    _query("type", {"type": "string", "enum": [KIND]}, required=True),
                ],
                requestBody=_upload(),
                codes=(400, 408, 413, 507),
                links=_links("id", "get_dataset", "delete_dataset"),
            ),
            "get": _operation(
                "list_datasets",
                "The data sets, the latest first.",
                wire.ManyDatasets,
                parameters=[
                    _query("datasetType", {"type": "string"}),
                    _query("before", {"type": "string", "format": "date-time"}),
                    _query("after", {"type": "string", "format": "date-time"}),
                    _query("limit", _whole()),
                    _query("offset", _whole()),
                    _query("validationStatus", {"type": "string", "enum": list(STATUSES)}),
                ],
                codes=(400,),
            ),
        },
        "/v1/datasets/usage": {"get": _operation("dataset_usage", "Bytes of all uploads.", wire.Usage)},
        "/v1/datasets/{id}": {
            "get": _operation("get_dataset", "One data set.", wire.OneDataset, parameters=one, codes=(404,)),
            "delete": _operation(
                "delete_dataset", "Forget it.", wire.Empty, parameters=one, codes=(400, 404)
            ),
        },
    }


def _model_paths() -> Document:
    one, pages = (
        [_path_parameter()],
        [_query("page_size", _whole()), _query("page_token", {"type": "string", "pattern": "^[0-9]{0,15}$"})],
    )
    order = _query(
        "order_by", {"type": "string", "enum": ["created_at", "created_at asc", "created_at desc"]}
    )
    many = {"parameters": [*pages, order], "codes": (400,)}
    listed = {"parameters": [*one, *pages, order], "codes": (400, 404)}
    plain = {"parameters": one, "codes": (404,)}
    change = {"parameters": one, "requestBody": _json_body(wire.ModelChange), "codes": (400, 404, 408, 413)}
    new = {
        "requestBody": _json_body(wire.NewModel),
        "codes": (400, 404, 408, 413),
        "links": _links("finetuned_model/id", "get_model", "change_model", "cancel_model", "events", "steps"),
    }
    return {
        MODELS: {
            "post": _operation("create_model", "Put a fine-tune into the queue.", wire.OneModel, **new),
            "get": _operation("list_models", "The fine-tuned models.", wire.ManyModels, **many),
        },
        f"{MODELS}/{{id}}": {
            "get": _operation("get_model", "One fine-tuned model.", wire.OneModel, **plain),
            "patch": _operation(
                "change_model", "Rename, or change what still waits.", wire.OneModel, **change
            ),
            "delete": _operation("delete_model", "End its training and forget it.", wire.Empty, **plain),
        },
        f"{MODELS}/{{id}}/cancel": {
            "post": _operation(
                "cancel_model",
                "End its training, keep its record.",
                wire.OneModel,
                parameters=one,
                codes=(400, 404),
            )
        },
        f"{MODELS}/{{id}}/events": {
            "get": _operation("events", "Its changes of status.", wire.Events, **listed)
        },
        f"{MODELS}/{{id}}/training-step-metrics": {
            "get": _operation(
                "steps", "Its learning curve.", wire.Steps, parameters=[*one, *pages], codes=(400, 404)
            )
        },
    }


def _operation(id: str, summary: str, kind: type[BaseModel], codes: Any = (), **more: Any) -> Document:
    links = more.pop("links", None)
    answers: Document = {
        "200": {"description": "Done.", **_json(kind), **({"links": links} if links else {})}
    }
    refused = {403, 503, *(() if more.get("security") == [] else (401, *codes))}
    answers |= {str(code): {"description": REASONS[code], **_json(wire.Problem)} for code in sorted(refused)}
    return {"operationId": id, "summary": summary, "responses": answers, **more}


def _links(place: str, *operations: str) -> Document:
    """Where the id in an answer leads."""
    parameters = {"id": f"$response.body#/{place}"}
    return {name: {"operationId": name, "parameters": parameters} for name in operations}


def _json(kind: type[BaseModel]) -> Document:
    return {"content": {"application/json": {"schema": {"$ref": SCHEMAS.format(model=kind.__name__)}}}}


def _json_body(kind: type[BaseModel]) -> Document:
    return {"required": True, **_json(kind)}


def _upload() -> Document:
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    schema = {"type": "object", "required": ["data"], "properties": {"data": file, "eval_data": file}}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _query(name: str, schema: Document, *, required: bool = False) -> Document:
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _path_parameter() -> Document:
    return {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _whole() -> Document:
    return {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
