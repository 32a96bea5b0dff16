"""Kills `miner serve` at random moments of what it does, and asks the next server for all that was acknowledged.

    python -m benchmarks.faults.serve_kills [--kills 30] [--seed 0] [--phases 'it trains' …]

SIGKILL falls while it takes uploads (two fifths of the kills), validates, trains and ranks (a fifth each). After
each the job processes must end by themselves and the server must start again; uploads must be there byte for byte,
validations and trainings must come to their end. Writes benchmarks/results/serve_kills.json and fails where
something was lost or left over; each phase is written as it ends, so that what is left can be run later.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cohere

from miner.formats.cohere import write_rows
from miner.storage.files import sha256, write_json
from tests.support.served import KIND, mined_sample, sample_encoder, status, tune, upload
from tests.support.serving import jobs_of, process, until

RESULTS = Path(__file__).parents[1] / "results" / "serve_kills.json"
KEY = "the key of the benchmark"
UPLOAD_COPIES = 10
PATIENCE = 1_800.0


@dataclass
class World:
    """A state folder and the model that its servers know. `orphans` counts jobs that outlived their server."""

    state: Path
    encoder: Path
    files: tuple[Path, Path]
    large: Path
    orphans: int = 0

    def server(self) -> Any:
        return process(self.state, "--model-name", f"english={self.encoder}")

    def killed_after(self, seconds: float, work: Callable[[Any], None]) -> None:
        """Start a server, let a client work with it, and kill it so long after its first answer."""
        with self.server() as (address, running):
            client = cohere.Client(api_key=KEY, base_url=address, max_retries=0)
            client.datasets.get_usage()

            def strike() -> None:
                time.sleep(seconds)
                running.kill()

            thread = threading.Thread(target=strike)
            thread.start()
            with suppress(Exception):
                work(client)
            thread.join()
        try:
            until(lambda: None if jobs_of(self.state) else True)
        except TimeoutError:
            self.orphans += 1


def in_uploads(world: World, kills: int, draw: random.Random) -> dict[str, int]:
    """Uploads one after the other; each that was acknowledged must be there whole after the kill."""
    acknowledged: list[str] = []
    kept, lost, left = 0, 0, 0

    def work(client: Any) -> None:
        while True:
            with world.large.open("rb") as data:
                acknowledged.append(client.datasets.create(name="large", data=data, type=KIND).id)

    for _ in range(kills):
        acknowledged.clear()
        world.killed_after(draw.uniform(0.0, 3.0), work)
        with world.server() as (address, _):
            client = cohere.Client(api_key=KEY, base_url=address)
            found = [each.id for each in client.datasets.list().datasets if each.name == "large"]
            kept += len(acknowledged)
            lost += sum(id not in found for id in acknowledged)
            lost += sum(
                sha256(world.state / "datasets" / id / "train.jsonl") != sha256(world.large) for id in found
            )
            left += len(list((world.state / "uploads").iterdir()))
            for id in found:
                client.datasets.delete(id)
    return {"kills": kills, "acknowledged": kept, "lost": lost, "left_over": left}


def in_validation(world: World, kills: int, draw: random.Random) -> dict[str, int]:
    """A data set whose server is killed while it is validated, until one server is let finish."""
    with world.server() as (address, _), world.large.open("rb") as data:
        client = cohere.Client(api_key=KEY, base_url=address)
        id = client.datasets.create(name="validated", data=data, type=KIND).id
    for _ in range(kills):
        world.killed_after(draw.uniform(0.0, 2.0), lambda client: time.sleep(2.0))
    with world.server() as (address, _):
        client = cohere.Client(api_key=KEY, base_url=address)
        ended = client.wait(client.datasets.get(id), interval=0.2).dataset.validation_status
        client.datasets.delete(id)
    return {"kills": kills, "acknowledged": 1, "lost": int(ended != "validated"), "left_over": 0}


def in_training(world: World, kills: int, draw: random.Random) -> dict[str, int]:
    """Two trainings, whose server is killed again and again until it is let finish."""
    with world.server() as (address, _):
        client = cohere.Client(api_key=KEY, base_url=address)
        dataset = upload(client, world.files).dataset.id
        models = [tune(client, dataset, f"model {i}").id for i in range(2)]
    for _ in range(kills):
        world.killed_after(draw.uniform(0.0, 12.0), lambda client: time.sleep(12.0))
    with world.server() as (address, _):
        client = cohere.Client(api_key=KEY, base_url=address)

        def ended(id: str) -> str:
            return until(lambda: status(client, id, "STATUS_READY", "STATUS_FAILED"), PATIENCE)

        ready = [id for id in models if ended(id) == "STATUS_READY"]
        ranked = [client.rerank(query="a", documents=["b", "c"], model=f"{id}-ft") for id in ready]
    return {"kills": kills, "acknowledged": 2, "lost": 2 - len(ranked), "left_over": 0}


def in_reranking(world: World, kills: int, draw: random.Random) -> dict[str, int]:
    """Rankings one after the other; the next server ranks the same documents the same."""
    documents = [row.decode()[:300] for row in world.files[0].read_bytes().splitlines()[:200]]
    answered, other = 0, 0
    expected: list[Any] = []

    def ranked(client: Any) -> list[Any]:
        found = client.rerank(query="how do I cancel", documents=documents, model="english").results
        return [(each.index, each.relevance_score) for each in found]

    def work(client: Any) -> None:
        nonlocal answered, other
        while True:
            other += ranked(client) != expected
            answered += 1

    with world.server() as (address, _):
        expected = ranked(cohere.Client(api_key=KEY, base_url=address))
    for _ in range(kills):
        world.killed_after(draw.uniform(0.0, 6.0), work)
    return {"kills": kills, "acknowledged": answered, "lost": other, "left_over": 0}


PHASES = {
    "it takes uploads": (in_uploads, 0.4),
    "it validates": (in_validation, 0.2),
    "it trains": (in_training, 0.2),
    "it ranks": (in_reranking, 0.2),
}
"""What is killed, and its share of the kills."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--phases", nargs="+", choices=PHASES, default=list(PHASES))
    arguments = parser.parse_args()
    result: dict[str, Any] = {"phases": {}, "orphaned_jobs": 0}
    if RESULTS.exists():
        result = json.loads(RESULTS.read_bytes())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = mined_sample(folder)
        files = folder / "train.jsonl", folder / "eval.jsonl"
        for file, part in zip(files, (rows[:390], rows[390:]), strict=True):
            write_rows(file, part)
        large = folder / "large.jsonl"
        large.write_bytes(files[0].read_bytes() * UPLOAD_COPIES)
        world = World(folder / "state", sample_encoder(folder / "encoder", rows), files, large)
        for phase in arguments.phases:
            run, share = PHASES[phase]
            draw = random.Random(f"{arguments.seed} {phase}")
            result["phases"][phase] = run(world, max(1, round(share * arguments.kills)), draw)
            result["orphaned_jobs"] += world.orphans
            world.orphans = 0
            write_json(RESULTS, result | {"cores": os.cpu_count()})
            print(phase, result["phases"][phase], flush=True)
    if result["orphaned_jobs"] + sum(each["lost"] + each["left_over"] for each in result["phases"].values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
