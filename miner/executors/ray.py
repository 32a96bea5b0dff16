"""Ray as an executor, on this machine or on a cluster.

Ray only places work and says when a worker died; what is tried again is decided here, and results are files,
so nothing rests on its object store or on lineage.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from miner.errors import ConfigError, WorkLost
from miner.executors.executor import Work
from miner.executors.queue import TaskQueue
from miner.executors.ray_workers import Actors, Tasks, import_ray, room_for
from miner.executors.workers import WorkerPool, drain
from miner.models.hardware import cores
from miner.spec import Spec

LOCAL, KNOCK = "local", 10.0
STORE = 100 * 2**20
"""Bytes of the object store of a Ray of our own: nothing but receipts goes through it."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, repr=False)
class Ray(Spec):
    """Ray, on this machine or, at an `address`, on a cluster; by default what RAY_ADDRESS says.

    As many `workers` as the cluster has room for unless a number is given, each with so many `cpus` and, while
    it encodes, `gpus`; a task is tried `tries` times.
    """

    name: ClassVar[str] = "ray"
    address: str | None = None
    workers: int | None = None
    cpus: float = 1.0
    gpus: float = 0.0
    tries: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.workers is not None and self.workers < 1) or self.tries < 1:
            raise ConfigError(f"{self!r} has no workers or no tries; expected 1 or more")
        if not 0 < self.cpus < math.inf or not 0 <= self.gpus < math.inf:
            raise ConfigError(
                f"{self!r} gives a worker no processor; expected cpus above 0, gpus of 0 or more"
            )

    @contextmanager
    def open(self) -> Iterator[RayExecutor]:
        """Start Ray here or join the cluster; leave it when the block ends.

        Raises MissingExtra, WorkLost if nothing answers at the address.
        """
        ray = import_ray()
        address = self.address or os.environ.get("RAY_ADDRESS") or LOCAL
        ours = not ray.is_initialized()
        if ours:
            with _own_signals():
                self._init(ray, address)
        try:
            yield RayExecutor(self)
        finally:
            if ours:
                ray.shutdown()

    def _init(self, ray: Any, address: str) -> None:
        """Raises WorkLost for whatever Ray raises: of a start that takes too long it says so by a bare Exception."""
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
        try:
            if address != LOCAL:
                _knock(address)
                ray.init(address=address, **quiet)
                return
            count = math.ceil((self.workers or cores() // self.cpus or 1) * self.cpus)
            ray.init(
                address=LOCAL, num_cpus=count, include_dashboard=False, object_store_memory=STORE, **quiet
            )
        except Exception as error:
            reason = str(error).strip().partition("\n")[0]
            raise WorkLost(f"Ray at {address} cannot be joined ({reason})") from None


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keeps what this process does at SIGTERM; Ray's own answer is to abort."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _knock(address: str) -> None:
    """Raises OSError if nobody listens at 'host:port': Ray itself would try for minutes."""
    host, _, port = address.rpartition("/")[2].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), KNOCK).close()


class RayExecutor:
    """An executor on the Ray that this process has joined."""

    def __init__(self, options: Ray) -> None:
        self.options = options
        self.retried = 0

    def __repr__(self) -> str:
        return repr(self.options)

    @property
    def workers(self) -> int:
        return max(1, self.options.workers or room_for(self.options.cpus, self.options.gpus))

    def run(self, work: Work[T, R], queue: TaskQueue[T]) -> Iterator[tuple[T, R]]:
        queue.tries = self.options.tries
        asked = self.options
        pool: WorkerPool[T, R] = (
            Actors(work, asked.workers, asked.cpus, asked.gpus)
            if work.warm
            else Tasks(work, asked.workers, asked.cpus)
        )
        try:
            yield from drain(pool, queue)
        finally:
            self.retried += queue.retried + queue.doubled
