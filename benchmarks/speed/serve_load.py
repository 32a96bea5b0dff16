"""What `miner serve` bears: eight clients at once, and being killed while it trains and while it takes uploads.

    python -m benchmarks.speed.serve_load [--seconds 60] [--kills 20] [--seed 0] [--parts uploads training load]

Load: Cohere's client ranks 100 documents of 100 words, new ones in every request, with the bundled model; one
client and eight, after a warm-up, on loopback. Kills: SIGKILL at random moments of a training of a tiny model
and of uploads that follow each other; each time the server is started again and asked for everything that it
had acknowledged. Writes benchmarks/results/serve.json and fails where something was lost.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cohere
import numpy as np

from miner.formats.cohere import write_rows
from miner.storage.files import sha256, write_json
from tests.support.served import KIND, mined_sample, sample_encoder, status, tune, upload
from tests.support.serving import jobs_of, process, until

RESULTS = Path(__file__).parents[1] / "results" / "serve.json"
CLIENTS, DOCUMENTS, WORDS = (1, 8), 100, 100
KEY = "the key of the benchmark"
WARM_UP = 3
COUNTED = ("miner_batch_requests_count", "miner_batch_requests_sum", "process_cpu_seconds_total")
PARTS = ("uploads", "training", "load")
UPLOAD_COPIES = 10


def texts(words: list[str], seed: int) -> Iterator[tuple[str, list[str]]]:
    """Queries and documents that never come twice."""
    draw = random.Random(seed)
    while True:
        yield (
            " ".join(draw.choices(words, k=8)),
            [" ".join(draw.choices(words, k=WORDS)) for _ in range(DOCUMENTS)],
        )


@dataclass
class Tally:
    """What the clients of one run saw."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def ask(address: str, words: list[str], seed: int, end: float, tally: Tally) -> None:
    """Rank until the end, one request after the other."""
    client = cohere.ClientV2(api_key=KEY, base_url=address, max_retries=0)
    for query, documents in texts(words, seed):
        start = time.perf_counter()
        if start >= end:
            return
        try:
            response = client.rerank(model="english", query=query, documents=documents)
            if sorted(each.index for each in response.results) != list(range(DOCUMENTS)):
                tally.errors.append("an answer lacks documents")
        except Exception as error:
            tally.errors.append(f"{type(error).__name__}: {error}"[:200])
        tally.seconds.append(time.perf_counter() - start)


def counted(address: str, name: str) -> float:
    """A number of /metrics."""
    with urllib.request.urlopen(f"{address}/metrics") as answer:
        found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def load(address: str, words: list[str], clients: int, seconds: float) -> dict[str, Any]:
    """Throughput, latency, errors and memory under so many clients, and what else kept the machine busy."""
    tally, memory, busy = Tally(), [], []
    before = {name: counted(address, name) for name in COUNTED}
    start = time.perf_counter()
    threads = [
        threading.Thread(target=ask, args=(address, words, 1_000 * clients + i, start + seconds, tally))
        for i in range(clients)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(1.0)
        memory.append(counted(address, "process_resident_memory_bytes") / 2**20)
        busy.append(os.getloadavg()[0])
    took, half, asked = time.perf_counter() - start, len(memory) // 2, len(tally.seconds)
    batches, requests, processor = (counted(address, name) - before[name] for name in COUNTED)
    return {
        "clients": clients,
        "threads": int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)),
        "load_average": round(statistics.mean(busy), 1),
        "requests": asked,
        "errors": len(tally.errors),
        "seconds": round(took, 1),
        "documents_per_second": round(DOCUMENTS * asked / took, 1),
        "processor_seconds_per_request": round(processor / asked, 2),
        "p50_seconds": round(float(np.quantile(tally.seconds, 0.5)), 3),
        "p99_seconds": round(float(np.quantile(tally.seconds, 0.99)), 3),
        "requests_per_batch": round(requests / batches, 2),
        "memory_first_half_mib": round(statistics.median(memory[:half]), 1),
        "memory_second_half_mib": round(statistics.median(memory[half:]), 1),
    }


def under_load(folder: Path, words: list[str], seconds: float) -> list[dict[str, Any]]:
    with process(folder / "load") as (address, _):
        client = cohere.ClientV2(api_key=KEY, base_url=address, max_retries=0)
        for query, documents in (next(texts(words, seed)) for seed in range(WARM_UP)):
            client.rerank(model="english", query=query, documents=documents)
        return [load(address, words, clients, seconds) for clients in CLIENTS]


@dataclass
class World:
    """A state folder and the model that its servers know."""

    state: Path
    encoder: Path
    files: tuple[Path, Path]

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
        until(lambda: None if jobs_of(self.state) else True)


def killed_in_training(world: World, kills: int, draw: random.Random) -> dict[str, Any]:
    """One training, whose server is killed again and again until it is let finish."""
    with world.server() as (address, _):
        client = cohere.Client(api_key=KEY, base_url=address)
        dataset = upload(client, world.files).dataset.id
        models = [tune(client, dataset, f"model {i}").id for i in range(2)]
    for _ in range(kills):
        world.killed_after(draw.uniform(0.0, 12.0), lambda client: time.sleep(12.0))
    with world.server() as (address, _):
        client = cohere.Client(api_key=KEY, base_url=address)
        ended = [until(lambda id=id: status(client, id, "STATUS_READY", "STATUS_FAILED")) for id in models]  # type: ignore[misc]
        ranked = [client.rerank(query="a", documents=["b", "c"], model=f"{id}-ft") for id in models]
    ready = min(ended.count("STATUS_READY"), len(ranked))
    return {"kills": kills, "models": len(models), "ready": ready, "lost": len(models) - ready}


def one_upload(world: World, path: Path) -> float:
    """Seconds that an upload takes which nothing disturbs."""
    with world.server() as (address, _), path.open("rb") as data:
        client = cohere.Client(api_key=KEY, base_url=address)
        client.datasets.get_usage()
        start = time.perf_counter()
        client.datasets.delete(client.datasets.create(name="large", data=data, type=KIND).id)
        return time.perf_counter() - start


def killed_in_uploads(world: World, kills: int, draw: random.Random) -> dict[str, Any]:
    """Uploads one after the other; each that was acknowledged must be there whole after the kill."""
    path = world.state.parent / "large.jsonl"
    path.write_bytes(world.files[0].read_bytes() * UPLOAD_COPIES)
    acknowledged: list[str] = []
    lost, cut, left, kept = 0, 0, 0, 0

    def work(client: Any) -> None:
        nonlocal cut
        while True:
            with path.open("rb") as data:
                cut += 1
                acknowledged.append(client.datasets.create(name="large", data=data, type=KIND).id)
                cut -= 1

    took = [one_upload(world, path) for _ in range(3)]
    for _ in range(kills):
        acknowledged.clear()
        world.killed_after(draw.uniform(0.0, 4.0) * statistics.median(took), work)
        with world.server() as (address, _):
            client = cohere.Client(api_key=KEY, base_url=address)
            found = [each.id for each in client.datasets.list().datasets if each.name == "large"]
            kept += len(acknowledged)
            lost += sum(id not in found for id in acknowledged)
            lost += sum(sha256(world.state / "datasets" / id / "train.jsonl") != sha256(path) for id in found)
            left += len(list((world.state / "uploads").iterdir()))
            for id in found:
                client.datasets.delete(id)
    return {"kills": kills, "acknowledged": kept, "cut": cut, "lost": lost, "left_over": left}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    arguments = parser.parse_args()
    result = json.loads(RESULTS.read_bytes()) if RESULTS.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        result |= measured(Path(name), arguments)
    write_json(RESULTS, result | {"cores": os.cpu_count(), "documents": DOCUMENTS, "words": WORDS})
    broken = [result[part]["lost"] for part in PARTS[:2] if part in result]
    if any(broken + [each["errors"] for each in result.get("load", [])]):
        raise SystemExit(1)


def measured(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """The results of the parts asked for."""
    draw = random.Random(arguments.seed)
    rows = mined_sample(folder)
    files = folder / "train.jsonl", folder / "eval.jsonl"
    for file, part in zip(files, (rows[:390], rows[390:]), strict=True):
        write_rows(file, part)
    words = sorted({word for row in rows for word in row.query.split()})
    world = World(folder / "state", sample_encoder(folder / "encoder", rows), files)
    parts: dict[str, Callable[[], Any]] = {
        "uploads": lambda: killed_in_uploads(world, arguments.kills, draw),
        "training": lambda: killed_in_training(world, max(1, arguments.kills // 4), draw),
        "load": lambda: under_load(folder, words, arguments.seconds),
    }
    return {part: parts[part]() for part in arguments.parts}


if __name__ == "__main__":
    main()
