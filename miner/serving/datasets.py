"""/v1/datasets: upload, look at, delete."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Final, cast

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from miner.formats.cohere import FIELDS
from miner.serving import schemas as wire
from miner.serving.bodies import answer, moment, number
from miner.serving.services import Services, house
from miner.serving.state import SIDES, copy_synced, remove
from miner.serving.store import DatasetRecord, now

KIND: Final = "reranker-finetune-input"
NAME_LENGTH, FILE_NAME_LENGTH = 50, 100
FIELDS_PASSED_OVER = 100
FILES = dict(zip(("data", "eval_data"), SIDES, strict=True))
STATUSES = ("unknown", "queued", "processing", "failed", "validated", "skipped")
"""Cohere's; this server never uses the first and the last."""
REFUSED = ("keep_fields", "optional_fields", "text_separator", "csv_delimiter")


async def create(request: Request) -> Response:
    """POST /v1/datasets?name=&type=, multipart with `data` and, for an evaluation file, `eval_data`."""
    _check_parameters(request)
    async with request.form(max_files=len(FILES), max_fields=FIELDS_PASSED_OVER) as form:
        uploads = {side: form[name] for name, side in FILES.items() if isinstance(form.get(name), UploadFile)}
        if "train" not in uploads:
            raise HTTPException(400, "invalid request: the file 'data' is missing")
        id = f"ds-{secrets.token_hex(8)}"
        made = await run_in_threadpool(_keep, house(request), id, request.query_params["name"], uploads)
    house(request).validator.wake()
    return answer(wire.NewDataset(id=made.id))


def _check_parameters(request: Request) -> None:
    given = request.query_params
    if not given.get("name", "").strip():
        raise HTTPException(400, "invalid request: name is missing")
    if len(given["name"]) >= NAME_LENGTH:
        raise HTTPException(
            400, f"invalid request: name is too long; expected under {NAME_LENGTH} characters"
        )
    if given.get("type") != KIND:
        raise HTTPException(
            400, f"invalid request: type is {given.get('type')!r}; this server takes {KIND!r}"
        )
    for name in REFUSED:
        if given.get(name):
            raise HTTPException(400, f"invalid request: {name} does not apply to {KIND!r}")
    if given.get("skip_malformed_input", "false").lower() not in ("false", "0", ""):
        raise HTTPException(
            400, "invalid request: skip_malformed_input: malformed rows are told, never dropped"
        )


def _keep(house: Services, id: str, name: str, uploads: dict[str, Any]) -> DatasetRecord:
    """Put the files on disk and the data set into the database, in this order, each synced."""
    state, parts = house.state, []
    folder = state.receive(id)
    try:
        for index, (side, upload) in enumerate(uploads.items()):
            size = copy_synced(upload.file, folder / f"{side}.jsonl")
            parts.append({"id": side, "name": _file_name(upload), "index": index, "size_bytes": size})
        state.settle(id)
        made = DatasetRecord(id, name, now(), now(), parts=parts)
        state.store.add(made)
    except BaseException:
        remove(folder)
        remove(state.dataset(id))
        raise
    return made


def _file_name(upload: UploadFile) -> str:
    name = PurePosixPath((upload.filename or "").replace("\\", "/")).name
    return name[-FILE_NAME_LENGTH:] or "data.jsonl"


def show(request: Request) -> Response:
    """GET /v1/datasets/{id}"""
    found = house(request).state.store.get(DatasetRecord, request.path_params["id"])
    return answer(wire.OneDataset(dataset=_wire(_there(found, request))))


def listing(request: Request) -> Response:
    """GET /v1/datasets, the latest first."""
    given = request.query_params
    before, after = moment(given, "before"), moment(given, "after")
    kind, status = given.get("datasetType"), given.get("validationStatus")
    if status not in (None, *STATUSES):
        expected = ", ".join(STATUSES)
        raise HTTPException(
            400, f"invalid request: validationStatus is {status!r}; expected one of {expected}"
        )

    def asked(dataset: DatasetRecord) -> bool:
        made = datetime.fromisoformat(dataset.created_at).astimezone(UTC)
        in_time = (before is None or made < before) and (after is None or made > after)
        return in_time and kind in (None, KIND) and status in (None, dataset.status)

    found = [each for each in reversed(house(request).state.store.all(DatasetRecord)) if asked(each)]
    start, limit = number(given, "offset", 0), number(given, "limit", len(found))
    return answer(wire.ManyDatasets(datasets=[_wire(each) for each in found[start : start + limit]]))


def usage(request: Request) -> Response:
    """GET /v1/datasets/usage: bytes of all uploads."""
    datasets = house(request).state.store.all(DatasetRecord)
    total = sum(part["size_bytes"] for dataset in datasets for part in dataset.parts)
    return answer(wire.Usage(organization_usage=total))


def delete(request: Request) -> Response:
    """DELETE /v1/datasets/{id}; not while a model that is to be trained needs it."""
    id, state = request.path_params["id"], house(request).state
    _there(state.store.get(DatasetRecord, id), request)
    if not state.store.delete(DatasetRecord, id):
        raise HTTPException(400, f"dataset {id} is needed by a fine-tuned model that is not finished")
    remove(state.dataset(id))
    return answer(wire.Empty())


def _there(found: DatasetRecord | None, request: Request) -> DatasetRecord:
    if found is None:
        raise HTTPException(404, f"dataset {request.path_params['id']!r} not found")
    return found


def _wire(dataset: DatasetRecord) -> wire.Dataset:
    return wire.Dataset(
        id=dataset.id,
        name=dataset.name,
        created_at=datetime.fromisoformat(dataset.created_at),
        updated_at=datetime.fromisoformat(dataset.updated_at),
        dataset_type=KIND,
        validation_status=cast(wire.DatasetStatus, dataset.status),
        validation_error=dataset.error,
        validation_warnings=dataset.warnings,
        required_fields=list(FIELDS[:2]),
        preserve_fields=list(FIELDS),
        dataset_parts=[wire.DatasetPart(**part) for part in dataset.parts],
        metrics=dataset.metrics or None,
    )
