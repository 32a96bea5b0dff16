"""What the server tells of itself: JSON lines on stderr, and counters for Prometheus. No text of a request."""

from __future__ import annotations

import logging
import sys
import threading
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
LONGEST = 4_000
"""Characters of a message or a traceback."""
AT_ONCE, A_SECOND = 200, 20.0
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Lines(logging.Formatter):
    """A log record as one JSON object; what was given as `extra` stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage()[:LONGEST],
        }
        entry |= {name: value for name, value in vars(record).items() if name not in PLAIN}
        if record.exc_info:
            entry["traceback"] = "".join(traceback.format_exception(*record.exc_info))[-LONGEST:]
        return orjson.dumps(entry, default=str).decode(errors="replace")


class Bounded(logging.Filter):
    """Lets so many lines of a logger and level through at once and then so many a second; those that it leaves
    out are counted in the next one.
    """

    def __init__(self, at_once: int = AT_ONCE, a_second: float = A_SECOND) -> None:
        super().__init__()
        self.at_once, self.a_second = at_once, a_second
        self.room: dict[tuple[str, int], tuple[float, float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key = record.name, record.levelno
        room, before, left_out = self.room.get(key, (float(self.at_once), record.created, 0))
        room = min(self.at_once, room + max(0.0, record.created - before) * self.a_second)
        passes = room >= 1
        if passes and left_out:
            record.left_out = left_out
        self.room[key] = room - passes, record.created, 0 if passes else left_out + 1
        return passes


def log_to_stderr() -> None:
    """Send all that is logged, warned of or raised in a thread to stderr, as JSON lines in a bounded number."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    handler.addFilter(Bounded())
    root = logging.getLogger()
    for name in ("", "miner.serving", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = ([handler] if logger is root else []), True
    root.setLevel(logging.WARNING)
    log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = _log_thread


def _log_thread(raised: threading.ExceptHookArgs) -> None:
    if raised.exc_value is not None:
        log.error("a thread failed", exc_info=raised.exc_value, extra={"event": "failure"})


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
