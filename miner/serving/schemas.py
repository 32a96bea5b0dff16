"""What clients send and what they are answered, as pydantic models: the OpenAPI document is made from them.

Names are those of Cohere's API. `error`, `evaluation` and `progress` of a fine-tuned model, the findings of a
data set and `stands_for` of a model are miner's own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from miner.serving.effects import NoEffect

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(min_length=1, max_length=256)]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]
NAME_LENGTH = 49
"""Cohere's: under 50 characters."""
ANY_GAIN = "any gain counts, and the base model is kept where tuning made it no better"
DatasetStatus = Literal["queued", "processing", "failed", "validated"]
ModelStatus = Literal[
    "STATUS_QUEUED", "STATUS_FINETUNING", "STATUS_DEPLOYING_API", "STATUS_READY", "STATUS_FAILED"
]


class Sent(BaseModel):
    """A body that is taken as it stands: nothing is converted, and what is not known is refused."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class RerankRequest(Sent):
    """`documents` are strings, or objects of which `rank_fields` (or else `text`) are read.
    `max_tokens_per_doc` cuts documents.
    """

    query: Text
    documents: Annotated[list[str | dict[str, Any]], Field(min_length=1)]
    model: Name | None = None
    top_n: Count | None = None
    rank_fields: Annotated[list[Text], Field(min_length=1)] | None = None
    return_documents: bool | None = None
    max_tokens_per_doc: Count | None = None
    max_chunks_per_doc: Annotated[Count | None, NoEffect("documents are cut at the model's length")] = None
    priority: Annotated[
        Annotated[int, Field(ge=0, le=999)] | None,
        NoEffect("requests are due by their size and waiting time"),
    ] = None


class NamedRerankRequest(RerankRequest):
    """The second version's: the model must be named."""

    model: Name


class RerankResult(BaseModel):
    index: int
    relevance_score: Annotated[float, Field(ge=0, le=1)]
    document: dict[str, Any] | None = None


class Meta(BaseModel):
    """`warnings` say which model answered where Cohere's was named, and what was sent without effect."""

    api_version: dict[str, str]
    billed_units: dict[str, int]
    warnings: list[str] | None = None


class Told(BaseModel):
    """What a client should know of an answer."""

    warnings: list[str]


class RerankResponse(BaseModel):
    id: str
    results: list[RerankResult]
    meta: Meta


class Model(BaseModel):
    """A model that ranks here. `stands_for` is the model that answers to the name."""

    name: str
    is_deprecated: bool = False
    endpoints: list[Literal["rerank"]] = ["rerank"]
    finetuned: bool = False
    context_length: int
    default_endpoints: list[Literal["rerank"]] = []
    stands_for: str


class ModelList(BaseModel):
    models: list[Model]
    next_page_token: str | None = None


class BaseOfModel(Sent):
    """`name` is one of the server's base models, by default its first."""

    name: Name | None = None
    base_type: Literal["BASE_TYPE_RERANK"]
    version: Annotated[str | None, NoEffect("a name stands for one model")] = None
    strategy: Annotated[str | None, NoEffect("all weights are trained")] = None


class Hyperparameters(Sent):
    """What is not given suits the data. Patience is counted in evaluations, of which there are eight at most; the
    threshold is taken and has no effect: any gain counts, and the base model is kept where tuning made it no better.
    """

    train_epochs: Annotated[int, Field(ge=1, le=100)] | None = None
    train_batch_size: Annotated[int, Field(ge=1, le=256)] | None = None
    learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    early_stopping_patience: Annotated[int, Field(ge=0, le=1_000)] | None = None
    early_stopping_threshold: Annotated[Annotated[float, Field(ge=0, le=1)] | None, NoEffect(ANY_GAIN)] = None


class ModelSettings(Sent):
    base_model: BaseOfModel
    dataset_id: Name
    hyperparameters: Hyperparameters | None = None
    multi_label: Annotated[bool | None, NoEffect("it is for classification")] = None


class NewModel(Sent):
    """What Cohere's client marks as read-only may be sent back, and has no effect."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    settings: ModelSettings
    id: str | None = None
    creator_id: str | None = None
    organization_id: str | None = None
    status: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    completed_at: str | None = None
    last_used: str | None = None


class ModelChange(Sent):
    """Settings can be changed while the model waits in the queue."""

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    settings: ModelSettings | None = None


class TrainingProgress(BaseModel):
    """How far a training is. `place` counts the models before it in the queue, `seconds_left` is an estimate."""

    place: int = 0
    stage: str = ""
    step: int = 0
    steps: int | None = None
    percent: Annotated[float, Field(ge=0, le=100)] = 0.0
    seconds_left: float | None = None


class FinetunedModel(BaseModel):
    id: str
    name: str
    creator_id: str
    organization_id: str
    settings: dict[str, Any]
    status: ModelStatus
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None
    error: str | None = None
    evaluation: dict[str, Any] | None = None
    progress: TrainingProgress | None = None


class OneModel(BaseModel):
    finetuned_model: FinetunedModel
    meta: Told | None = None


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
    organization_id: str
    owner_id: str
