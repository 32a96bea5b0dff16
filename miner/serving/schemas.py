"""What clients send and what they are answered, as pydantic models: the OpenAPI document is made from them.

Names are those of Cohere's API. `error` and `evaluation` of a fine-tuned model are miner's own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(min_length=1)]
DatasetStatus = Literal["queued", "processing", "failed", "validated"]
ModelStatus = Literal[
    "STATUS_QUEUED", "STATUS_FINETUNING", "STATUS_DEPLOYING_API", "STATUS_READY", "STATUS_FAILED"
]


class Sent(BaseModel):
    """A body that is taken as it stands: nothing is converted, further fields are passed over."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class RerankRequest(Sent):
    """`documents` are strings, or objects of which `rank_fields` (or else `text`) are read.
    `max_tokens_per_doc` cuts documents; `max_chunks_per_doc` and `priority` are taken and have no effect.
    """

    query: Text
    documents: Annotated[list[str | dict[str, Any]], Field(min_length=1)]
    model: Text | None = None
    top_n: Annotated[int, Field(ge=1)] | None = None
    rank_fields: Annotated[list[Text], Field(min_length=1)] | None = None
    return_documents: bool | None = None
    max_tokens_per_doc: Annotated[int, Field(ge=1)] | None = None
    max_chunks_per_doc: Annotated[int, Field(ge=1)] | None = None
    priority: Annotated[int, Field(ge=0, le=999)] | None = None


class NamedRerankRequest(RerankRequest):
    """The second version's: the model must be named."""

    model: Text


class RerankResult(BaseModel):
    index: int
    relevance_score: Annotated[float, Field(ge=0, le=1)]
    document: dict[str, Any] | None = None


class RerankResponse(BaseModel):
    id: str
    results: list[RerankResult]
    meta: dict[str, Any]


class BaseOfModel(Sent):
    """`name` is one of the server's base models, by default its first."""

    name: Text | None = None
    base_type: Literal["BASE_TYPE_RERANK"]


class Hyperparameters(Sent):
    """What is not given suits the data. Early stopping is taken and has no effect: training is short, and
    the base model is kept where tuning made it no better.
    """

    train_epochs: Annotated[int, Field(ge=1, le=100)] | None = None
    train_batch_size: Annotated[int, Field(ge=1, le=256)] | None = None
    learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    early_stopping_patience: Annotated[int, Field(ge=0)] | None = None
    early_stopping_threshold: Annotated[float, Field(ge=0)] | None = None


class ModelSettings(Sent):
    base_model: BaseOfModel
    dataset_id: Text
    hyperparameters: Hyperparameters | None = None


class NewModel(Sent):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    settings: ModelSettings


class ModelChange(Sent):
    """Settings can be changed while the model waits in the queue."""

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    settings: ModelSettings | None = None


class FinetunedModel(BaseModel):
    id: str
    name: str
    creator_id: str
    organization_id: str
    settings: ModelSettings
    status: ModelStatus
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None
    error: str | None = None
    evaluation: dict[str, Any] | None = None


class OneModel(BaseModel):
    finetuned_model: FinetunedModel


class ManyModels(BaseModel):
    finetuned_models: list[FinetunedModel]
    next_page_token: str
    total_size: int


class Event(BaseModel):
    user_id: str
    status: ModelStatus
    created_at: datetime


class Events(BaseModel):
    events: list[Event]
    next_page_token: str
    total_size: int


class StepMetrics(BaseModel):
    step_number: int
    metrics: dict[str, float]


class Steps(BaseModel):
    step_metrics: list[StepMetrics]
    next_page_token: str
    total_size: int


class DatasetPart(BaseModel):
    id: str
    name: str
    index: int
    size_bytes: int
    num_rows: int | None = None
    samples: list[str] | None = None


class Dataset(BaseModel):
    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    dataset_type: Literal["reranker-finetune-input"]
    validation_status: DatasetStatus
    validation_error: str | None = None
    validation_warnings: list[str]
    required_fields: list[str]
    preserve_fields: list[str]
    dataset_parts: list[DatasetPart]
    metrics: dict[str, Any] | None = None


class NewDataset(BaseModel):
    id: str


class OneDataset(BaseModel):
    dataset: Dataset


class ManyDatasets(BaseModel):
    datasets: list[Dataset]


class Usage(BaseModel):
    organization_usage: int


class Empty(BaseModel):
    """Nothing is left to say."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """What every refusal looks like."""

    message: str


class Health(BaseModel):
    status: Literal["ok"]
    version: str


class KeyCheck(BaseModel):
    valid: bool
