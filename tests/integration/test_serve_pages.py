"""Every call of Cohere's pages, with key and address changed alone: both versions, sync and async."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import cohere
import httpx
import pytest
from cohere.errors import BadRequestError, NotFoundError
from cohere.finetuning.finetuning.types import BaseModel, FinetunedModel, Settings

from tests.support.served import KEY, KIND, Served

pytestmark = pytest.mark.usefixtures("warm_jobs")

CLIENTS = {
    "v1": cohere.Client,
    "v2": cohere.ClientV2,
    "v1, async": cohere.AsyncClient,
    "v2, async": cohere.AsyncClientV2,
}
DOCUMENTS = ["cancel a booking", "a gift card has no end date", "where is my payout"]
THEIRS = ["english", "rerank-english-v2.0", "rerank-english-v3.0", "rerank-v3.5"]


class Caller:
    """Calls a method of a client by its name, and waits for it where the client is an async one."""

    def __init__(self, kind: str, address: str) -> None:
        self.kind = kind
        self.client: Any = CLIENTS[kind](api_key=KEY, base_url=address)
        self.loop = asyncio.new_event_loop()

    def __call__(self, method: str, **named: Any) -> Any:
        found = attrgetter(method)(self.client)(**named)
        return self.loop.run_until_complete(found) if inspect.isawaitable(found) else found

    def wait(self, made: Any) -> Any:
        found = self.client.wait(made, interval=0.1)
        return self.loop.run_until_complete(found) if inspect.isawaitable(found) else found


@pytest.fixture(params=CLIENTS)
def call(request: pytest.FixtureRequest, server: Served) -> Iterator[Caller]:
    made = Caller(request.param, server.address)
    yield made
    made.loop.close()


@pytest.mark.parametrize("name", THEIRS)
def test_coheres_names_rank_and_say_what_they_are(call: Caller, server: Served, name: str) -> None:
    answer = call("rerank", model=name, query="my payout", documents=DOCUMENTS, top_n=2)
    assert len(answer.results) == 2
    (warning,) = answer.meta.warnings
    assert warning.startswith(f"model '{name}' is {server.encoder} on this server, not Cohere's")
    assert answer.meta.billed_units.search_units == 1


@pytest.mark.parametrize("name", ["multilingual", "rerank-multilingual-v3.0"])
def test_a_multilingual_name_without_a_model_names_the_flag(call: Caller, name: str) -> None:
    with pytest.raises(NotFoundError, match="--model-name multilingual=FOLDER"):
        call("rerank", model=name, query="a", documents=["b"])


def test_a_tuned_model_is_called_by_its_id(call: Caller, server: Served) -> None:
    name = f"{server.model_id}-ft"
    answer = call("rerank", model=name, query="my payout", documents=DOCUMENTS)
    assert sorted(each.index for each in answer.results) == [0, 1, 2]
    assert answer.meta.warnings is None


def test_models_are_listed_and_told_one_by_one(call: Caller, server: Served) -> None:
    listed = {each.name: each for each in call("models.list", page_size=100).models}
    assert set(THEIRS) <= set(listed)
    assert "rerank-multilingual-v3.0" not in listed
    assert listed["rerank-v3.5"].endpoints == ["rerank"]
    assert listed["rerank-v3.5"].context_length == 96
    tuned = f"{server.model_id}-ft"
    assert listed[tuned].finetuned
    assert call("models.get", model=tuned).name == tuned
    assert call("models.get", model="rerank-english-v3.0").finetuned is False
    assert call("models.list", endpoint="chat").models == []
    with pytest.raises(NotFoundError, match="'multilingual' not found"):
        call("models.get", model="multilingual")
    first = call("models.list", page_size=2)
    second = call("models.list", page_size=2, page_token=first.next_page_token)
    assert not {each.name for each in first.models} & {each.name for each in second.models}


def test_data_is_uploaded_waited_for_and_deleted(call: Caller, server: Served) -> None:
    with server.files[0].open("rb") as train, server.files[1].open("rb") as evaluation:
        made = call("datasets.create", name="pages", data=train, eval_data=evaluation, type=KIND)
    dataset = call.wait(made).dataset
    assert dataset.validation_status == "validated"
    assert made.id in {each.id for each in call("datasets.list", dataset_type=KIND, limit=50).datasets}
    assert call("datasets.get_usage").organization_usage > 0
    call("datasets.delete", id=made.id)
    with pytest.raises(NotFoundError):
        call("datasets.get", id=made.id)


def test_a_fine_tune_is_made_watched_renamed_and_deleted(call: Caller, server: Served) -> None:
    base = BaseModel(name="english", base_type="BASE_TYPE_RERANK")
    settings = Settings(base_model=base, dataset_id=server.dataset_id)
    asked = FinetunedModel(name="pages", settings=settings)
    made = call("finetuning.create_finetuned_model", request=asked).finetuned_model
    got = call("finetuning.get_finetuned_model", id=made.id).finetuned_model
    assert got.status in ("STATUS_QUEUED", "STATUS_FINETUNING")
    assert got.progress["percent"] >= 0
    listed = call("finetuning.list_finetuned_models", page_size=50, order_by="created_at desc")
    assert listed.finetuned_models[0].id == made.id
    renamed = call("finetuning.update_finetuned_model", id=made.id, name="other", settings=got.settings)
    assert renamed.finetuned_model.name == "other"
    assert call("finetuning.list_events", finetuned_model_id=made.id).events[0].status == "STATUS_QUEUED"
    call("finetuning.list_training_step_metrics", finetuned_model_id=made.id)
    call("finetuning.delete_finetuned_model", id=made.id)
    with pytest.raises(NotFoundError):
        call("finetuning.get_finetuned_model", id=made.id)


def test_documents_are_objects_in_the_first_version(server: Served) -> None:
    client = Caller("v1", server.address)
    objects = [{"title": f"title {i}", "text": text} for i, text in enumerate(DOCUMENTS)]
    answer = client(
        "rerank", model="rerank-english-v3.0", query="my payout", documents=objects,
        rank_fields=["title", "text"], return_documents=True, max_chunks_per_doc=10,
    )  # fmt: skip
    assert {each.document.text for each in answer.results} == set(DOCUMENTS)


def test_tokens_of_a_document_are_cut_in_the_second_version(call: Caller) -> None:
    if "v1" in call.kind:
        pytest.skip("the first version has no such parameter")
    asked = {"model": "english", "query": "my payout", "documents": DOCUMENTS}
    assert call("rerank", **asked, max_tokens_per_doc=4096, priority=1).results
    with pytest.raises(BadRequestError, match="max_tokens_per_doc"):
        call("rerank", **asked, max_tokens_per_doc=2**64)


def test_what_cohere_refuses_is_refused(call: Caller) -> None:
    with pytest.raises(BadRequestError, match="unknown field: parameter 'top_k' is not a valid field"):
        call(
            "rerank", model="english", query="a", documents=["b"],
            request_options={"additional_body_parameters": {"top_k": 3}},
        )  # fmt: skip
    with pytest.raises(NotFoundError, match=r"this server has no /v[12]/embed"):
        call("embed", texts=["a"], model="embed-v4.0", input_type="search_query", **(
            {"embedding_types": ["float"]} if "v2" in call.kind else {}
        ))  # fmt: skip


def test_a_key_is_checked_though_the_client_no_longer_asks(server: Served) -> None:
    answer = httpx.post(f"{server.address}/v1/check-api-key", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.json() == {"valid": True, "organization_id": "local", "owner_id": "local"}


def test_the_address_may_stand_in_the_environment(server: Served) -> None:
    code = (
        "import cohere; co = cohere.ClientV2(); "
        "print(len(co.rerank(model='rerank-v3.5', query='a', documents=['b', 'c']).results))"
    )
    where = {**os.environ, "CO_API_URL": server.address, "CO_API_KEY": KEY}
    done = subprocess.run([sys.executable, "-c", code], env=where, capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"


def test_every_line_that_a_server_says_is_json(tmp_path: Path, server: Served, warm: Path) -> None:
    command = [
        str(warm / "python"),
        "-c",
        "from miner.cli import main; main()",
        "serve",
        str(tmp_path / "state"),
    ]
    options = ["--port", "0", "--model-name", f"english={server.encoder}"]
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        lines = [running.stderr.readline() for _ in range(2)]
        address = json.loads(lines[-1])["message"].rpartition(" ")[2]
        client = cohere.ClientV2(api_key=KEY, base_url=address)
        client.rerank(model="rerank-v3.5", query="a", documents=["b"])
        with pytest.raises(NotFoundError):
            client.rerank(model="nothing", query="a", documents=["b"])
        running.terminate()
        lines += running.stderr.readlines()
    assert running.returncode == 0
    told = [json.loads(line) for line in lines]
    assert [each["event"] for each in told if "event" in each] == [
        "starting", "start", "name", "request", "request", "stop",
    ]  # fmt: skip
