"""The sample, mined, and a fine-tune of a tiny model on it, made once for all tests by Cohere's own client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cohere
from cohere.finetuning.finetuning.types import BaseModel, FinetunedModel, Hyperparameters, Settings

import miner
from miner import samples
from miner.data import Row
from miner.formats.cohere import write_rows
from miner.serving import ServerSettings
from tests.support.serving import jobs_by, jobs_of, process, serving, until
from tests.support.tiny_models import make_encoder

KEY = "a key of a test of ours"
KIND = "reranker-finetune-input"


@dataclass(frozen=True)
class Served:
    """A server that was killed while it trained, and started again."""

    address: str
    house: Any
    rows: list[Row]
    encoder: Path
    files: tuple[Path, Path]
    dataset_id: str
    model_id: str

    @property
    def client(self) -> Any:
        return cohere.Client(api_key=KEY, base_url=self.address)


def mined_sample(folder: Path) -> list[Row]:
    """Rows mined on the packaged sample with the hashing encoder."""
    encoder = miner.HashingEncoder()
    sample = samples.sample(folder / "sample")
    index = miner.build_index(sample / "corpus", folder / "index", encoder=encoder)
    queries = miner.read_queries(sample / "queries.jsonl")
    return list(miner.mine(queries, index, miner.Recipe(n=3), encoder=encoder))


def sample_encoder(folder: Path, rows: list[Row]) -> Path:
    """An encoder of a few thousand random weights that knows the words of the rows."""
    words = {word for row in rows for word in re.findall(r"[a-z]+", row.query.lower())}
    return make_encoder(folder, words=sorted(words))


def upload(client: Any, files: tuple[Path, Path]) -> Any:
    """As Cohere's page does it: create, and wait for the validation."""
    with files[0].open("rb") as train, files[1].open("rb") as evaluation:
        made = client.datasets.create(name="sample", data=train, eval_data=evaluation, type=KIND)
    return client.wait(made, interval=0.1)


def tune(client: Any, dataset_id: str, name: str = "test-rerank-ft-1") -> Any:
    """As Cohere's page does it."""
    response = client.finetuning.create_finetuned_model(
        request=FinetunedModel(
            name=name,
            settings=Settings(
                base_model=BaseModel(name="english", base_type="BASE_TYPE_RERANK"),
                dataset_id=dataset_id,
                hyperparameters=Hyperparameters(train_epochs=1, train_batch_size=32, learning_rate=0.005),
            ),
        )
    )
    return response.finetuned_model


def status(client: Any, model_id: str, *wanted: str) -> str | None:
    found: str = client.finetuning.get_finetuned_model(model_id).finetuned_model.status
    return found if found in wanted else None


@contextmanager
def served(folder: Path, python: Path) -> Iterator[Served]:
    """By that python: the server that is killed, and all jobs."""
    rows = mined_sample(folder)
    files = folder / "train.jsonl", folder / "eval.jsonl"
    write_rows(files[0], rows[:390])
    write_rows(files[1], rows[390:])
    encoder, state = sample_encoder(folder / "encoder", rows), folder / "state"
    with process(state, "--model-name", f"english={encoder}", python=python) as (address, running):
        client = cohere.Client(api_key=KEY, base_url=address)
        dataset_id = upload(client, files).dataset.id
        model_id = tune(client, dataset_id).id
        until(lambda: jobs_of(state / "models") or None)
        running.kill()
        running.wait()
        until(lambda: None if jobs_of(state) else True)
    with ExitStack() as stack:
        with jobs_by(python):
            settings = ServerSettings(state, models={"english": str(encoder)})
            address, house = stack.enter_context(serving(settings))
            client = cohere.Client(api_key=KEY, base_url=address)
            until(lambda: status(client, model_id, "STATUS_READY", "STATUS_FAILED"))
        yield Served(address, house, rows, encoder, files, dataset_id, model_id)
