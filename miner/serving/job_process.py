"""A job in a process of its own: python -m miner.serving.job_process validate|train FOLDER

The folder's job.json says what to do, outcome.json what came of it. The job ends when its server does: it
watches standard input, whose other end the server holds.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import orjson

from miner.errors import Locked, MinerError
from miner.progress import Clock
from miner.serving.progress import PROGRESS, ProgressFile
from miner.serving.validation import judge
from miner.storage import files

JOB, OUTCOME = "job.json", "outcome.json"
PATIENCE = 30.0
"""Seconds to wait for a run of an earlier server to let go of its folder."""


def main() -> None:
    kind, folder = sys.argv[1], Path(sys.argv[2])
    threading.Thread(target=_end_with_server, daemon=True).start()
    signal.signal(signal.SIGTERM, _terminated)
    os.nice(10)
    job = orjson.loads((folder / JOB).read_bytes())
    try:
        result = judge(folder, job["names"]) if kind == "validate" else _train(folder, job)
        outcome: dict[str, Any] = {"error": None, "result": result}
    except (MinerError, OSError) as error:
        outcome = {"error": str(error)}
    except Exception as error:
        logging.exception("the job failed")
        outcome = {"error": f"{type(error).__name__}: {error}"}
    files.write_json(folder / OUTCOME, outcome)


def _train(folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    from miner.training.plan import TrainSettings
    from miner.training.train import train

    output, clock = folder / "model", Clock(ProgressFile(folder / PROGRESS))
    evaluation = Path(job["eval"]) if job["eval"] else None
    until = time.monotonic() + PATIENCE
    while True:
        try:
            if not output.exists():
                train(Path(job["train"]), output, evaluation, TrainSettings(**job["settings"]), clock)
            return summary(output)
        except Locked:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def summary(output: Path) -> dict[str, Any]:
    """What a finished training run says of itself, for the database."""
    record = orjson.loads((output / "training.json").read_bytes())
    plan = record["plan"]
    return {
        **record["evaluation"],
        "kept": record["kept"],
        "decision": record["decision"],
        "notes": record["notes"],
        "hyperparameters": {
            "train_epochs": plan["epochs"],
            "train_batch_size": plan["batch_size"],
            "learning_rate": plan["learning_rate"],
        },
    }


def _end_with_server() -> None:
    try:
        while os.read(0, 1):
            continue
    finally:
        os.kill(os.getpid(), signal.SIGKILL)


def _terminated(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
