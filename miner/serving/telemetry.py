"""What the server tells of itself: JSON lines on stderr, and counters for Prometheus. No text of a request."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from miner.serving.scoring import ScoringThread
from miner.serving.store import Database, DatasetRecord, ModelRecord

PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
log = logging.getLogger("miner.serving")
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class JsonLines(logging.Formatter):
    """A log record as one JSON object; what was given as `extra` stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        entry |= {name: value for name, value in vars(record).items() if name not in PLAIN}
        if record.exc_info:
            entry["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        return orjson.dumps(entry, default=str).decode()


def log_to_stderr() -> None:
    """Send what the server and uvicorn log to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("miner.serving", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if name == "miner.serving" else logging.WARNING)


class Counters:
    """The counters of one server, each with a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        names = ("method", "route", "status")
        self.requests = Counter("miner_requests", "Requests answered.", names, registry=self.registry)
        self.seconds = Histogram(
            "miner_request_seconds", "Time to answer.", ("method", "route"), registry=self.registry
        )
        self.documents = Counter("miner_reranked_documents", "Documents scored.", registry=self.registry)
        self.batches = Histogram(
            "miner_batch_requests", "Requests scored in one go.", buckets=SIZES, registry=self.registry
        )

    def batch(self, requests: int, documents: int) -> None:
        self.batches.observe(requests)
        self.documents.inc(documents)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(method, route).observe(seconds)

    def observe(self, store: Database, scorer: ScoringThread) -> None:
        self.registry.register(_Standing(store, scorer))


class _Standing(Collector):
    """What is counted when it is asked for."""

    def __init__(self, store: Database, scorer: ScoringThread) -> None:
        self.store, self.scorer = store, scorer

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> list[GaugeMetricFamily]:
        waiting = GaugeMetricFamily("miner_waiting_documents", "Documents that wait to be scored.")
        waiting.add_metric([], self.scorer.documents)
        gauges = [waiting]
        kinds: tuple[tuple[str, type[Any]], ...] = (("datasets", DatasetRecord), ("models", ModelRecord))
        for name, kind in kinds:
            gauge = GaugeMetricFamily(f"miner_{name}", f"{name.capitalize()} by status.", labels=["status"])
            for status, count in self.store.statuses(kind).items():
                gauge.add_metric([status], count)
            gauges.append(gauge)
        return gauges
