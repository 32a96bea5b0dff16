"""What `miner serve` bears: eight clients at once with a small one among them, and two thousand slow connections.

    python -m benchmarks.speed.serve_load [--seconds 60] [--rounds 3] [--beside CHECKOUT] [--parts load slow]

Load: Cohere's client ranks 100 documents of 100 words, new ones in every request, with the bundled model; one
client and eight, with one more that ranks ten documents at a time. With --beside the server of another checkout of
miner is loaded in turns with this one's, so that what else the machine does falls on both. Slow: connections that
send nothing or half a head, opened again as they are closed, while probes ask /health and rank ten documents.
Writes benchmarks/results/serve.json and fails where a request did.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import socket
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
from urllib.parse import urlsplit

import cohere
import numpy as np

from miner import samples
from miner.storage.files import read_jsonl, write_json
from tests.support.serving import process

RESULTS = Path(__file__).parents[1] / "results" / "serve.json"
CLIENTS, DOCUMENTS, WORDS, FEW = (1, 8), 100, 100, 10
KEY = "the key of the benchmark"
WARM_UP = 3
SLOW = 2_000
CPU, MEMORY = "process_cpu_seconds_total", "process_resident_memory_bytes"


def texts(words: list[str], seed: int, count: int) -> Iterator[tuple[str, list[str]]]:
    """Queries and documents that never come twice."""
    draw = random.Random(seed)
    while True:
        documents = [" ".join(draw.choices(words, k=WORDS)) for _ in range(count)]
        yield " ".join(draw.choices(words, k=8)), documents


@dataclass
class Tally:
    """What the clients of one run saw."""

    seconds: list[float] = field(default_factory=list)
    documents: int = 0
    errors: list[str] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        return round(float(np.quantile(self.seconds, share)), 3) if self.seconds else float("nan")


def ask(address: str, asked: Iterator[tuple[str, list[str]]], end: float, tally: Tally) -> None:
    """Rank until the end, one request after the other."""
    client = cohere.ClientV2(api_key=KEY, base_url=address, max_retries=0, timeout=300)
    for query, documents in asked:
        start = time.perf_counter()
        if start >= end:
            return
        try:
            response = client.rerank(model="english", query=query, documents=documents)
            if sorted(each.index for each in response.results) != list(range(len(documents))):
                tally.errors.append("an answer lacks documents")
            tally.documents += len(documents)
        except Exception as error:
            tally.errors.append(f"{type(error).__name__}: {error}"[:200])
        tally.seconds.append(time.perf_counter() - start)


def counted(address: str, name: str) -> float:
    """A number of /metrics."""
    with urllib.request.urlopen(f"{address}/metrics") as answer:
        found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def load(address: str, words: list[str], clients: int, seconds: float, seed: int) -> dict[str, Any]:
    """Throughput, latency, errors and memory under so many clients, and what else kept the machine busy."""
    many, few, memory, busy = Tally(), Tally(), list[float](), list[float]()
    before, start = counted(address, CPU), time.perf_counter()
    asked = [(texts(words, seed + i, DOCUMENTS), many) for i in range(clients)]
    asked += [(texts(words, seed + clients, FEW), few)] if clients > 1 else []
    threads = [threading.Thread(target=ask, args=(address, a, start + seconds, tally)) for a, tally in asked]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(1.0)
        memory.append(counted(address, MEMORY) / 2**20)
        busy.append(os.getloadavg()[0])
    took, half, ranked = time.perf_counter() - start, len(memory) // 2, many.documents + few.documents
    return {
        "clients": clients,
        "load_average": round(statistics.mean(busy), 1),
        "requests": len(many.seconds) + len(few.seconds),
        "errors": len(many.errors) + len(few.errors),
        "seconds": round(took, 1),
        "documents_per_second": round(ranked / took, 1),
        "processor_ms_per_document": round(1_000 * (counted(address, CPU) - before) / ranked, 2),
        "p50_seconds": many.quantile(0.5),
        "p99_seconds": many.quantile(0.99),
        "few_p99_seconds": few.quantile(0.99) if few.seconds else None,
        "memory_first_half_mib": round(statistics.median(memory[:half]), 1),
        "memory_second_half_mib": round(statistics.median(memory[half:]), 1),
    }


def under_load(folder: Path, words: list[str], options: argparse.Namespace) -> list[dict[str, Any]]:
    """Rounds of load on the server of this checkout and of the other, in turns; a line each."""
    here = Path(__file__).parents[2]
    checkouts = {"here": here} | ({"beside": options.beside.resolve()} if options.beside else {})
    found = []
    for turn in range(options.rounds):
        for name, checkout in checkouts.items():
            where = {"PYTHONPATH": str(checkout)}
            more = ["--dtype", options.dtype] if options.dtype and name == "here" else []
            state = folder / f"{name}{turn}"
            with process(state, *more, environment=where, folder=checkout) as (address, _):
                client = cohere.ClientV2(api_key=KEY, base_url=address, max_retries=0, timeout=300)
                for query, documents in (next(texts(words, seed, DOCUMENTS)) for seed in range(WARM_UP)):
                    client.rerank(model="english", query=query, documents=documents)
                for clients in CLIENTS:
                    line = load(address, words, clients, options.seconds, 1_000 * (turn + 1) + 100 * clients)
                    found.append({"server": name, "round": turn, **line})
                    print(json.dumps(found[-1]), flush=True)
    return found


def keep_still(address: str, place: int) -> socket.socket | None:
    """A connection that sends nothing, or half of a head."""
    url = urlsplit(address)
    try:
        made = socket.create_connection((url.hostname or "", url.port or 0), timeout=5)
        if place % 2:
            made.sendall(b"POST /v2/rerank HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        made.setblocking(False)
    except OSError:
        return None
    return made


def closed(connection: socket.socket | None) -> bool:
    """Whether there is no connection (any more)."""
    if connection is None:
        return True
    try:
        return connection.recv(64) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def hold(address: str, until: float, opened: list[int]) -> None:
    """Keep SLOW connections open until then, each opened anew when the server closes it."""
    held: list[socket.socket | None] = [None] * SLOW
    while time.monotonic() < until:
        for place in [place for place, connection in enumerate(held) if closed(connection)]:
            if (old := held[place]) is not None:
                old.close()
            held[place] = keep_still(address, place)
            opened[0] += held[place] is not None
        time.sleep(0.05)
    for connection in filter(None, held):
        connection.close()


def probe(look: Callable[[], object], until: float, pause: float, tally: Tally) -> None:
    while time.monotonic() < until:
        start = time.monotonic()
        try:
            look()
        except Exception as error:
            tally.errors.append(f"{type(error).__name__}: {error}"[:200])
        tally.seconds.append(time.monotonic() - start)
        time.sleep(pause)


def slow_connections(folder: Path, words: list[str], seconds: float) -> dict[str, Any]:
    """What probes see while SLOW connections keep still."""
    with process(folder / "slow") as (address, running):
        client = cohere.ClientV2(api_key=KEY, base_url=address, max_retries=0, timeout=20)
        asked = texts(words, 7, FEW)
        query, documents = next(asked)
        client.rerank(model="english", query=query, documents=documents)
        until, opened, memory = time.monotonic() + seconds, [0], list[float]()

        def health() -> None:
            urllib.request.urlopen(f"{address}/health", timeout=10).close()

        def rank() -> None:
            query, documents = next(asked)
            client.rerank(model="english", query=query, documents=documents)

        tallies = {"health": Tally(), "rerank": Tally()}
        threads = [
            threading.Thread(target=hold, args=(address, until, opened)),
            threading.Thread(target=probe, args=(health, until, 0.2, tallies["health"])),
            threading.Thread(target=probe, args=(rank, until, 1.0, tallies["rerank"])),
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            time.sleep(2.0)
            with suppress(OSError):
                pages = int(Path(f"/proc/{running.pid}/statm").read_text().split()[1])
                memory.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
    return {
        "connections": SLOW,
        "opened": opened[0],
        "seconds": seconds,
        "probes": {
            name: {
                "asked": len(tally.seconds),
                "failed": len(tally.errors),
                "errors": sorted(set(tally.errors))[:5],
                "p99_seconds": tally.quantile(0.99),
                "longest_seconds": tally.quantile(1.0),
            }
            for name, tally in tallies.items()
        },
        "memory_first_mib": round(memory[0], 1),
        "memory_last_mib": round(memory[-1], 1),
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--dtype")
    parser.add_argument("--parts", nargs="+", choices=("load", "slow"), default=("load", "slow"))
    options = parser.parse_args()
    result = json.loads(RESULTS.read_bytes()) if RESULTS.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        queries = samples.sample(folder / "sample") / "queries.jsonl"
        words = sorted({word for _, row in read_jsonl(queries) for word in str(row["query"]).split()})
        if "load" in options.parts:
            key = f"load_{options.dtype}" if options.dtype else "load"
            result[key] = under_load(folder, words, options)
        if "slow" in options.parts:
            result["slow"] = slow_connections(folder, words, options.seconds)
    write_json(RESULTS, result | {"cores": os.cpu_count(), "documents": DOCUMENTS, "words": WORDS})
    failed = sum(line["errors"] for line in result.get("load", []) if line["server"] == "here")
    if failed + sum(each["failed"] for each in result.get("slow", {}).get("probes", {}).values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
