"""/v1/datasets: upload, look at, correct, delete."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal, cast

from fastapi import Depends, File, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from miner.formats.cohere import FIELDS
from miner.serving import schemas as wire
from miner.serving.problems import FULL, missing, refuse
from miner.serving.routing import Home, Whole, router
from miner.serving.services import Services
from miner.serving.state import SIDES, copy_synced, remove
from miner.serving.store import DatasetRecord, now

KIND: Final = "reranker-finetune-input"
FILE_NAME_LENGTH = 100
FILES = dict(zip(("data", "eval_data"), SIDES, strict=True))
Status = Literal["unknown", "queued", "processing", "failed", "validated", "skipped"]
UNFIT = ("keep_fields", "optional_fields", "text_separator", "csv_delimiter")
routes = router("data sets")


class UploadQuery(BaseModel):
    """What is said of an upload beside its files."""

    model_config = ConfigDict(extra="ignore")
    name: Annotated[str, Field(min_length=1, max_length=wire.NAME_LENGTH, pattern=r"\S")]
    type: Literal["reranker-finetune-input"]


def _check(given: Mapping[str, str]) -> None:
    """Raises HTTPException 400 for what does not go with rerank data."""
    for name in UNFIT:
        if given.get(name):
            raise refuse(f"{name} does not apply to {KIND!r}")
    if given.get("skip_malformed_input", "false").lower() not in ("false", "0", ""):
        raise refuse("skip_malformed_input: malformed rows are told, never dropped")


@routes.post("/v1/datasets", responses=FULL)
async def create_dataset(
    request: Request,
    home: Home,
    asked: Annotated[UploadQuery, Query()],
    data: Annotated[UploadFile, File()],
    eval_data: Annotated[UploadFile, File()] = None,  # type: ignore[assignment]
) -> wire.NewDataset:
    """Upload training and evaluation rows; they are validated after the answer."""
    _check(request.query_params)
    given = {"data": data, "eval_data": eval_data}
    uploads = {side: file for name, side in FILES.items() if (file := given[name]) is not None}
    id = f"ds-{secrets.token_hex(8)}"
    made = await run_in_threadpool(_keep, home, id, asked.name, uploads)
    home.validator.wake()
    return wire.NewDataset(id=made.id)


def _keep(home: Services, id: str, name: str, uploads: dict[str, UploadFile]) -> DatasetRecord:
    """Put the files on disk and the data set into the database, in this order, each synced."""
    state, parts = home.state, []
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


class ListQuery(BaseModel):
    """Which data sets are asked for. `unknown` and `skipped` are statuses of Cohere's that none has here."""

    model_config = ConfigDict(extra="ignore")
    kind: Annotated[str | None, Field(alias="datasetType")] = None
    before: datetime | None = None
    after: datetime | None = None
    limit: Whole | None = None
    offset: Whole = 0
    status: Annotated[Status | None, Field(alias="validationStatus")] = None

    def takes(self, dataset: DatasetRecord) -> bool:
        made = datetime.fromisoformat(dataset.created_at).astimezone(UTC)
        in_time = (self.before is None or made < _utc(self.before)) and (
            self.after is None or made > _utc(self.after)
        )
        return in_time and self.kind in (None, KIND) and self.status in (None, dataset.status)


def _utc(moment: datetime) -> datetime:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


@routes.get("/v1/datasets", response_model_exclude_none=True)
def list_datasets(home: Home, asked: Annotated[ListQuery, Query()]) -> wire.ManyDatasets:
    """The data sets, the latest first."""
    found = [each for each in reversed(home.state.store.all(DatasetRecord)) if asked.takes(each)]
    end = None if asked.limit is None else asked.offset + asked.limit
    return wire.ManyDatasets(datasets=[wired(each) for each in found[asked.offset : end]])


@routes.get("/v1/datasets/usage")
def dataset_usage(home: Home) -> wire.Usage:
    """Bytes of all uploads."""
    datasets = home.state.store.all(DatasetRecord)
    total = sum(part["size_bytes"] for dataset in datasets for part in dataset.parts)
    return wire.Usage(organization_usage=total)


def there(home: Home, id: str) -> DatasetRecord:
    """The data set of a path. Raises HTTPException 404."""
    if (found := home.state.store.get(DatasetRecord, id)) is None:
        raise missing("dataset", id)
    return found


Found = Annotated[DatasetRecord, Depends(there)]


@routes.get("/v1/datasets/{id}", response_model_exclude_none=True)
def get_dataset(found: Found) -> wire.OneDataset:
    """One data set."""
    return wire.OneDataset(dataset=wired(found))


@routes.delete("/v1/datasets/{id}")
def delete_dataset(home: Home, found: Found) -> wire.Empty:
    """Forget it; not while a model that is to be trained needs it."""
    if not home.state.forget(DatasetRecord, found.id):
        raise HTTPException(400, f"dataset {found.id} is needed by a fine-tuned model that is not finished")
    home.reviews.forget(found.id)
    return wire.Empty()


def wired(dataset: DatasetRecord) -> wire.Dataset:
    """The data set as clients see it."""
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
