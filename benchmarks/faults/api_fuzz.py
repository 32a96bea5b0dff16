"""Sends a server thousands of requests that schemathesis draws from its OpenAPI document, sensible and not.

    python -m benchmarks.faults.api_fuzz [--minutes 4] [--seed 1]

Four passes, each a quarter of the time, with every check of schemathesis but those named: most operations; those
that may refuse what fits the schema (documents without the fields asked for, a data set not yet validated, a
training that has ended), without the check that they never do; uploads, whose files may be anything, without
the check that what does not fit is refused; and operations on a model that is there. Writes
benchmarks/results/api_fuzz.json and fails where anything was found.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cohere
from cohere.finetuning.finetuning.types import BaseModel, FinetunedModel, Settings

from miner.storage.files import write_json
from tests.support.mined_files import made_rows
from tests.support.serving import process

RESULTS = Path(__file__).parents[1] / "results" / "api_fuzz.json"
KEY = "an API key for the fuzzing"
LENIENT = (
    "rerank_v1",
    "rerank_v2",
    "create_finetuned_model",
    "update_finetuned_model",
    "cancel_finetuned_model",
)
UPLOADS = ("create_dataset", "get_dataset", "list_findings", "get_corrected", "delete_dataset")
ON_A_MODEL = (
    "get_finetuned_model",
    "update_finetuned_model",
    "cancel_finetuned_model",
    "list_events",
    "list_training_step_metrics",
)


@dataclass(frozen=True)
class Pass:
    """One run of schemathesis: its options, and values of path parameters."""

    name: str
    options: tuple[str, ...]
    parameters: dict[str, str]


def passes(model_id: str) -> list[Pass]:
    def chosen(names: Sequence[str], how: str = "include") -> tuple[str, ...]:
        return tuple(f"--{how}-operation-id={name}" for name in names)

    lenient = ("--exclude-checks", "positive_data_acceptance")
    return [
        Pass("most", chosen((*LENIENT, "create_dataset"), "exclude"), {}),
        Pass("lenient", (*chosen(LENIENT), *lenient), {}),
        Pass("uploads", (*chosen(UPLOADS), "--exclude-checks", "negative_data_rejection"), {}),
        Pass("a model", (*chosen(ON_A_MODEL), *lenient), {"path.id": model_id}),
    ]


def fuzz(address: str, which: Pass, seconds: int, seed: int) -> dict[str, Any]:
    """What schemathesis reports of a pass."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [f'"{key}" = "{value}"' for key, value in which.parameters.items()]
        (folder / "schemathesis.toml").write_text("\n".join(["[parameters]", *lines]) if lines else "")
        command = [
            str(Path(sys.executable).parent / "schemathesis"),
            *("--config-file", "schemathesis.toml", "run", f"{address}/openapi.json"),
            *("--header", f"Authorization: Bearer {KEY}", "--checks", "all", *which.options),
            *("--max-time", str(seconds), "--seed", str(seed), "--continue-on-failure", "--no-color"),
            *("--report", "json", "--report-dir", "reports"),
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        reports = list((folder / "reports").glob("*.json"))
        if not reports:
            raise SystemExit(done.stdout + done.stderr)
        if done.returncode:
            print(done.stdout, file=sys.stderr)
        report: dict[str, Any] = json.loads(reports[0].read_text())
    return report


def prepare(address: str, folder: Path) -> str:
    """The id of a model whose training was cancelled."""
    client = cohere.Client(api_key=KEY, base_url=address)
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, made_rows(400))))
    with path.open("rb") as data:
        made = client.datasets.create(name="fuzz", data=data, type="reranker-finetune-input")
    client.wait(made, interval=0.2)
    base = BaseModel(base_type="BASE_TYPE_RERANK")
    request = FinetunedModel(name="fuzz", settings=Settings(base_model=base, dataset_id=made.id))
    model = client.finetuning.create_finetuned_model(request=request).finetuned_model
    url = f"{address}/v1/finetuning/finetuned-models/{model.id}/cancel"
    cancel = urllib.request.Request(url, headers={"Authorization": f"Bearer {KEY}"}, method="POST")
    urllib.request.urlopen(cancel).close()
    return str(model.id)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    result: dict[str, Any] = {"seed": arguments.seed, "passes": {}}
    with tempfile.TemporaryDirectory() as name:
        options = ("--api-key-env", "FUZZ_KEY")
        with process(Path(name) / "state", *options, environment={"FUZZ_KEY": KEY}) as (address, _):
            model_id = prepare(address, Path(name))
            for which in passes(model_id):
                report = fuzz(address, which, round(15 * arguments.minutes), arguments.seed)
                result["passes"][which.name] = {
                    "operations": report["operations"]["tested"],
                    "requests": report["test_cases"]["generated"],
                    "failures": {each["title"]: each["count"] for each in report["failures"]},
                    "errors": len(report["errors"]),
                }
                print(which.name, result["passes"][which.name], file=sys.stderr)
    result["schemathesis"] = report["schemathesis_version"]
    write_json(RESULTS, result)
    if any(each["failures"] or each["errors"] for each in result["passes"].values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
