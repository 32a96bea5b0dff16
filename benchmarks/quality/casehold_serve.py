"""Cohere's notebook on CaseHOLD as a script: its own client, against `miner serve`.

    python -m benchmarks.quality.casehold_serve DATA     rows of CaseHOLD in DATA/casehold/casehold.jsonl
    python -m benchmarks.quality.casehold_serve          the packaged sample, mined first

Its steps, with key and address changed alone: upload training and validation data, wait for them, fine-tune,
watch until it is ready, and let the model choose among the holdings of rows that it never saw, before and after.
Writes benchmarks/results/casehold_serve.json.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import cohere
from cohere.finetuning.finetuning.types import BaseModel, FinetunedModel, Hyperparameters, Settings

from benchmarks.quality.casehold import prepare
from miner.data import Row
from miner.storage.files import write_json
from tests.support.serving import process

RESULTS = Path(__file__).parents[1] / "results" / "casehold_serve.json"
ENDED = ("STATUS_READY", "STATUS_FAILED")


def accuracy(co: Any, model: str, rows: list[Row]) -> float:
    """The share of rows whose right holding is ranked first."""
    right = 0
    for row in rows:
        documents = sorted({*row.relevant_passages, *row.hard_negatives})
        first = co.rerank(query=row.query, documents=documents, model=model, top_n=1).results[0].index
        right += documents[first] in row.relevant_passages
    return right / len(rows)


def notebook(address: str, work: Path, test: list[Row], epochs: int | None) -> dict[str, Any]:
    co = cohere.Client(api_key="any", base_url=address)
    start = time.monotonic()
    with (work / "train.jsonl").open("rb") as data, (work / "eval.jsonl").open("rb") as eval_data:
        made = co.datasets.create(
            name="casehold", data=data, eval_data=eval_data, type="reranker-finetune-input"
        )
    dataset = co.wait(made, interval=0.5).dataset
    uploaded = time.monotonic()
    settings = Settings(
        base_model=BaseModel(name="english", base_type="BASE_TYPE_RERANK"),
        dataset_id=dataset.id,
        hyperparameters=Hyperparameters(train_epochs=epochs),
    )
    model = co.finetuning.create_finetuned_model(
        request=FinetunedModel(name="casehold", settings=settings)
    ).finetuned_model
    while (found := co.finetuning.get_finetuned_model(model.id).finetuned_model).status not in ENDED:
        time.sleep(1.0)
    trained = time.monotonic()
    return {
        "status": found.status,
        "error": getattr(found, "error", None),
        "rows": dict(dataset.metrics.finetune_dataset_metrics.reranker_data_metrics),
        "epochs": (getattr(found, "evaluation", None) or {}).get("hyperparameters", {}).get("train_epochs"),
        "epochs_asked_for": epochs,
        "warnings": dataset.validation_warnings,
        "validation": getattr(found, "evaluation", None),
        "test_rows": len(test),
        "accuracy_before": accuracy(co, "rerank-english-v3.0", test),
        "accuracy_after": accuracy(co, f"{model.id}-ft", test),
        "seconds": {
            "upload_and_validation": round(uploaded - start, 1),
            "training": round(trained - uploaded, 1),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", help="folder that holds casehold/casehold.jsonl")
    parser.add_argument("--epochs", type=int, help="by default what suits the data")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        test = prepare(options.data, work)["test"]
        with process(work / "state") as (address, _):
            result = notebook(address, work, test, options.epochs)
    print(result)
    write_json(RESULTS, result)


if __name__ == "__main__":
    main()
