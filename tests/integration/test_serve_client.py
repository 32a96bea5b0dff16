"""Cohere's own client against a server that was killed with SIGKILL in the middle of training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import cohere
import pytest
from cohere.errors import BadRequestError, NotFoundError, UnauthorizedError

from miner.serving import ServerSettings
from miner.serving.rerankers import ServingLoader
from tests.support.served import KEY, KIND, Served, status, tune, upload
from tests.support.serving import serving, until

pytestmark = pytest.mark.usefixtures("warm_jobs")

DOCUMENTS = ["cancel a booking", "a gift card has no end date", "where is my payout", "cancel my plan"]


def ranking(results: Any) -> list[tuple[int, float]]:
    return [(each.index, round(each.relevance_score, 4)) for each in results]


def expected(folder: Path, query: str, documents: list[str]) -> list[tuple[int, float]]:
    model = ServingLoader().load(str(folder))
    return [
        (place.index, round(place.relevance, 4))
        for place in model.places(model.columns([(query, documents)])[0], None)
    ]


def test_the_code_of_the_document_runs(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    document = (Path(__file__).parents[2] / "docs" / "serve.md").read_text()
    code = document.split("```python\n")[1].split("```")[0].replace("http://127.0.0.1:8080", server.address)
    begin, ranking_code = code.rstrip().rsplit("\n", 1)
    monkeypatch.chdir(server.files[0].parent)
    names: dict[str, Any] = {}
    exec(begin, names)
    assert names["dataset"].dataset.validation_status == "validated"
    server.client.finetuning.delete_finetuned_model(names["model"].id)
    names["model"] = server.client.finetuning.get_finetuned_model(server.model_id).finetuned_model
    names["response"] = eval(ranking_code, names)
    assert sorted(each.index for each in names["response"].results) == [0, 1]


def test_an_upload_is_validated_and_counted(server: Served) -> None:
    dataset = server.client.datasets.get(server.dataset_id).dataset
    train, evaluation = server.rows[:390], server.rows[390:]
    assert dataset.validation_status == "validated"
    assert dataset.dataset_type == KIND
    numbers = dataset.metrics.finetune_dataset_metrics.reranker_data_metrics
    assert numbers.num_train_queries == 390
    assert numbers.num_eval_queries == len(evaluation)
    assert numbers.num_train_relevant_passages == sum(len(row.relevant_passages) for row in train)
    assert numbers.num_eval_hard_negatives == sum(len(row.hard_negatives) for row in evaluation)
    assert [part.name for part in dataset.dataset_parts] == ["train.jsonl", "eval.jsonl"]
    assert json.loads(dataset.dataset_parts[0].samples[0])["query"] == train[0].query
    sizes = sum(path.stat().st_size for path in server.files)
    assert server.client.datasets.get_usage().organization_usage >= sizes


def test_a_training_goes_on_after_its_server_was_killed(server: Served) -> None:
    model = server.client.finetuning.get_finetuned_model(server.model_id).finetuned_model
    assert (model.status, model.name) == ("STATUS_READY", "test-rerank-ft-1")
    assert model.settings.hyperparameters.train_epochs == 1
    assert model.completed_at >= model.created_at
    assert model.evaluation["queries"] == len(server.rows) - 390
    events = server.client.finetuning.list_events(server.model_id, order_by="created_at")
    names = ["STATUS_QUEUED", "STATUS_FINETUNING", "STATUS_DEPLOYING_API", "STATUS_READY"]
    assert [event.status for event in events.events] == names


def test_the_learning_curve_is_read_page_by_page(server: Served) -> None:
    steps: list[Any] = []
    token: str | None = None
    while token != "":
        page = server.client.finetuning.list_training_step_metrics(
            server.model_id, page_size=5, page_token=token
        )
        assert len(page.step_metrics) <= 5
        steps, token = steps + page.step_metrics, page.next_page_token
    numbers = [step.step_number for step in steps]
    assert numbers == sorted(set(numbers))
    assert "nDCG@10" in steps[0].metrics
    assert "nDCG@10" in steps[-1].metrics
    assert any("loss" in step.metrics for step in steps)


def test_the_tuned_model_ranks_by_its_id(server: Served) -> None:
    name = f"{server.model_id}-ft"
    response = server.client.rerank(query="how to cancel", documents=DOCUMENTS, model=name)
    weights = server.house.state.weights(server.model_id)
    assert ranking(response.results) == expected(weights, "how to cancel", DOCUMENTS)
    newer = cohere.ClientV2(api_key=KEY, base_url=server.address)
    again = newer.rerank(query="how to cancel", documents=DOCUMENTS, model=name, top_n=2)
    assert ranking(again.results) == ranking(response.results)[:2]


def test_the_base_model_ranks_by_its_name_and_without_one(server: Served) -> None:
    want = expected(server.encoder, "my payout", DOCUMENTS)
    assert (
        ranking(server.client.rerank(query="my payout", documents=DOCUMENTS, model="english").results) == want
    )
    assert ranking(server.client.rerank(query="my payout", documents=DOCUMENTS).results) == want


def test_documents_may_be_objects(server: Served) -> None:
    objects = [{"text": text, "title": f"title {i}"} for i, text in enumerate(DOCUMENTS)]
    plain = server.client.rerank(query="my payout", documents=objects, return_documents=True)
    assert ranking(plain.results) == expected(server.encoder, "my payout", DOCUMENTS)
    assert [each.document.text for each in plain.results] == [DOCUMENTS[each.index] for each in plain.results]
    both = [f"title {i}\n{text}" for i, text in enumerate(DOCUMENTS)]
    fields = server.client.rerank(query="my payout", documents=objects, rank_fields=["title", "text"])
    assert ranking(fields.results) == expected(server.encoder, "my payout", both)
    assert fields.results[0].document is None


def test_an_overlapping_row_is_refused_in_coheres_words(server: Served, tmp_path: Path) -> None:
    lines = server.files[0].read_text().splitlines()
    row = json.loads(lines[7])
    row["hard_negatives"][1:1] = [row["relevant_passages"][0], ""]
    lines[7] = json.dumps(row)
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(Exception, match="Dataset creation failed with status failed") as refusal:
        upload(server.client, (path, server.files[1]))
    passage, query = row["relevant_passages"][0], row["query"]
    sentence = f"string '{passage}' is both a relevant passage and hard negatives of query '{query}'"
    assert f"{sentence} (train.jsonl, line 8)" in str(refusal.value)
    newest = server.client.datasets.list(limit=1, validation_status="failed").datasets[0]
    assert newest.validation_error == f"{sentence} (train.jsonl, line 8)"
    assert any("which the platform removes" in warning for warning in newest.validation_warnings)
    with pytest.raises(BadRequestError, match="is failed, not validated"):
        tune(server.client, newest.id)


def test_too_few_queries_are_told(server: Served, tmp_path: Path) -> None:
    path = tmp_path / "few.jsonl"
    path.write_text("\n".join(server.files[0].read_text().splitlines()[:9]))
    with path.open("rb") as few:
        made = server.client.datasets.create(name="few", data=few, type=KIND)
    with pytest.raises(Exception, match="at least 256 unique queries, in total"):
        server.client.wait(made, interval=0.1)
    server.client.datasets.delete(made.id)
    with pytest.raises(NotFoundError, match="not found"):
        server.client.datasets.get(made.id)
    assert not server.house.state.dataset(made.id).exists()


def test_models_are_trained_in_turn_renamed_cancelled_and_deleted(server: Served) -> None:
    finetuning = server.client.finetuning
    first, second = (tune(server.client, server.dataset_id, name).id for name in ("first", "second"))
    until(lambda: status(server.client, first, "STATUS_FINETUNING"))
    assert status(server.client, second, "STATUS_QUEUED")
    with pytest.raises(BadRequestError, match="needed by a fine-tuned model that is not finished"):
        server.client.datasets.delete(server.dataset_id)
    with pytest.raises(BadRequestError, match="is not ready: STATUS_QUEUED"):
        server.client.rerank(query="a", documents=["b"], model=f"{second}-ft")
    settings = finetuning.get_finetuned_model(second).finetuned_model.settings
    settings.hyperparameters.train_epochs = 2
    changed = finetuning.update_finetuned_model(second, name="renamed", settings=settings).finetuned_model
    assert (changed.name, changed.settings.hyperparameters.train_epochs) == ("renamed", 2)
    with pytest.raises(BadRequestError, match="while the model waits to be trained"):
        finetuning.update_finetuned_model(first, name="other", settings=settings)
    cancel = Request(f"{server.address}/v1/finetuning/finetuned-models/{first}/cancel", method="POST")
    with urlopen(cancel) as answer:
        assert json.loads(answer.read())["finetuned_model"]["error"] == "cancelled"
    assert status(server.client, first, "STATUS_FAILED")
    finetuning.delete_finetuned_model(second)
    finetuning.delete_finetuned_model(first)
    until(lambda: None if server.house.state.model(first).exists() else True)
    for gone in (first, second):
        with pytest.raises(NotFoundError):
            finetuning.get_finetuned_model(gone)
    assert [each.id for each in finetuning.list_finetuned_models().finetuned_models] == [server.model_id]


def test_a_finished_model_is_renamed_and_keeps_its_settings(server: Served) -> None:
    finetuning = server.client.finetuning
    before = finetuning.get_finetuned_model(server.model_id).finetuned_model
    for name in ("another", before.name):
        after = finetuning.update_finetuned_model(server.model_id, name=name, settings=before.settings)
        assert (after.finetuned_model.name, after.finetuned_model.status) == (name, "STATUS_READY")


def test_refusals_are_the_clients_own_errors(server: Served) -> None:
    with pytest.raises(NotFoundError, match="model 'command-r' not found"):
        server.client.rerank(query="a", documents=["b"], model="command-r")
    with pytest.raises(BadRequestError, match="documents: List should have at least 1 item"):
        server.client.rerank(query="a", documents=[])
    with (
        server.files[0].open("rb") as data,
        pytest.raises(BadRequestError, match="type: Input should be 'reranker-finetune-input'"),
    ):
        server.client.datasets.create(name="other", data=data, type="embed-input")


def test_a_key_opens_and_another_does_not(server: Served, tmp_path: Path) -> None:
    settings = ServerSettings(tmp_path / "state", models={"english": str(server.encoder)}, key=KEY)
    with serving(settings) as (address, _):
        assert cohere.Client(api_key=KEY, base_url=address).datasets.list().datasets == []
        with pytest.raises(UnauthorizedError, match="invalid api token"):
            cohere.Client(api_key=KEY[:-1], base_url=address).datasets.list()
