"""Tasks on Ray: actors that keep a model, plain tasks for all else. The only file that imports ray.

Ray only places work and says when a worker died; what is tried again is decided here, and results are files,
so nothing rests on its object store or on lineage.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from miner.distributed.agenda import Agenda, Attempt
from miner.distributed.crew import Crew, Done, Failed, Lost, Outcome, attempted, work_off
from miner.distributed.executor import Work
from miner.encoders.batches import cores
from miner.errors import ConfigError, MissingExtra, WorkLost
from miner.spec import Spelt

LOCAL = "local"
STORE = 100 * 2**20
"""Bytes of the object store of a Ray of our own: nothing but receipts goes through it."""
NEWS, LOOK = 1.0, 5.0
"""Seconds between looks at whether something ended, and whether the cluster grew."""
PATIENCE = 600.0
"""Seconds without a single worker after which we give up."""
STARTS = 5
"""Workers that may die one after another before they are ready."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Ray(Spelt):
    """Ray, on this machine or, at an `address`, on a cluster; by default what RAY_ADDRESS says.

    As many `workers` as the cluster has room for unless a number is given, each with so many `cpus` and
    `gpus`; a task is tried `tries` times.
    """

    name: ClassVar[str] = "ray"
    address: str | None = None
    workers: int | None = None
    cpus: float = 1.0
    gpus: float = 0.0
    tries: int = 4

    def __post_init__(self) -> None:
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
        ray = _ray()
        address = self.address or os.environ.get("RAY_ADDRESS") or LOCAL
        ours = not ray.is_initialized()
        if ours:
            self._init(ray, address)
        try:
            yield RayExecutor(self)
        finally:
            if ours:
                ray.shutdown()

    def _init(self, ray: Any, address: str) -> None:
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
        try:
            if address != LOCAL:
                ray.init(address=address, **quiet)
                return
            count = math.ceil((self.workers or cores() // self.cpus or 1) * self.cpus)
            ray.init(
                address=LOCAL, num_cpus=count, include_dashboard=False, object_store_memory=STORE, **quiet
            )
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise WorkLost(f"Ray at {address} cannot be joined ({reason})") from None


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise MissingExtra("--executor ray", "ray") from None
    logging.getLogger("ray").setLevel(logging.ERROR)
    return ray


class RayExecutor:
    """An executor on the Ray that this process has joined."""

    def __init__(self, options: Ray) -> None:
        self.options = options
        self.retried = 0

    @property
    def workers(self) -> int:
        return max(1, self.options.workers or _room(self.options))

    def run(self, work: Work[T, R], agenda: Agenda[T]) -> Iterator[tuple[T, R]]:
        agenda.tries = self.options.tries
        crew: Crew[T, R] = _Actors(work, self.options) if work.warm else _Tasks(work, self.options)
        try:
            yield from work_off(crew, agenda)
        finally:
            self.retried += agenda.retried


def _room(options: Ray) -> int:
    """How many workers the cluster has room for as it is."""
    there = _ray().cluster_resources()
    by_gpu = there.get("GPU", 0) // options.gpus if options.gpus else math.inf
    return int(min(there.get("CPU", 0) // options.cpus, by_gpu))


@dataclass
class _Tasks(Generic[T, R]):
    """Plain tasks, a bounded number in flight: as many as workers were asked for, or two for each place."""

    work: Work[T, R]
    options: Ray
    running: dict[Any, Attempt[T]] = field(default_factory=dict)
    looked: float = -math.inf
    limit: int = 1

    def __post_init__(self) -> None:
        self.ray = _ray()
        limits = {"num_cpus": self.options.cpus, "num_gpus": self.options.gpus, "max_retries": 0}
        self.submit = self.ray.remote(**limits)(_do).remote

    @property
    def room(self) -> bool:
        if time.monotonic() - self.looked > LOOK:
            self.looked = time.monotonic()
            self.limit = self.options.workers or max(1, 2 * _room(self.options))
        return len(self.running) < self.limit

    @property
    def busy(self) -> bool:
        return bool(self.running)

    def begin(self, attempt: Attempt[T]) -> None:
        self.running[self.submit(self.work, attempt.task)] = attempt

    def ended(self) -> Iterator[tuple[Attempt[T], Outcome[R]]]:
        for reference in _done(self.running):
            yield self.running.pop(reference), _outcome(reference)

    def dismiss(self) -> None:
        for reference in self.running:
            with suppress(self.ray.exceptions.RayError):
                self.ray.cancel(reference, force=True)
        self.running.clear()


@dataclass
class _Actors(Generic[T, R]):
    """Actors, each with one attempt at a time. One that dies is replaced, on another node if need be."""

    work: Work[T, R]
    options: Ray
    idle: list[Any] = field(default_factory=list)
    running: dict[Any, tuple[Any, Attempt[T] | None]] = field(default_factory=dict)
    """What each actor is at by reference: an attempt, or None while it starts."""
    looked: float = -math.inf
    target: int = 1
    deaths: int = 0

    def __post_init__(self) -> None:
        self.ray, self.alone = _ray(), time.monotonic()
        limits = {"num_cpus": self.options.cpus, "num_gpus": self.options.gpus, "max_restarts": 0}
        self.hire = self.ray.remote(**limits)(_Worker).remote

    @property
    def room(self) -> bool:
        self._grow()
        return bool(self.idle)

    @property
    def busy(self) -> bool:
        return any(attempt for _, attempt in self.running.values())

    def begin(self, attempt: Attempt[T]) -> None:
        actor = self.idle.pop()
        self.running[actor.do.remote(attempt.task)] = actor, attempt

    def ended(self) -> Iterator[tuple[Attempt[T], Outcome[R]]]:
        for reference in _done(self.running):
            actor, attempt = self.running.pop(reference)
            outcome: Outcome[R] = _outcome(reference, actor)
            if attempt is None:
                self._started(actor, outcome)
                continue
            if not isinstance(outcome, Lost) or outcome.alive:
                self.idle.append(actor)
            yield attempt, outcome
        if self.idle or self.busy:
            self.alone = time.monotonic()
        elif time.monotonic() - self.alone > PATIENCE:
            raise WorkLost(f"no worker could be started in {PATIENCE:.0f} s: {self.options!r} finds no room")

    def dismiss(self) -> None:
        for actor in [*self.idle, *(actor for actor, _ in self.running.values())]:
            self.ray.kill(actor)
        self.idle.clear()
        self.running.clear()

    def _grow(self) -> None:
        if time.monotonic() - self.looked > LOOK:
            self.looked = time.monotonic()
            self.target = self.options.workers or max(1, _room(self.options))
        for _ in range(self.target - len(self.idle) - len(self.running)):
            actor = self.hire()
            self.running[actor.start.remote(self.work)] = actor, None

    def _started(self, actor: Any, outcome: Outcome[R]) -> None:
        if isinstance(outcome, Failed):
            raise outcome.error
        if isinstance(outcome, Done):
            self.deaths = 0
            self.idle.append(actor)
            return
        self.ray.kill(actor)
        self.deaths += 1
        if self.deaths >= STARTS:
            raise WorkLost(
                f"{self.deaths} workers died before they were ready, at last because {outcome.reason}"
            )


class _Worker:
    """An actor. It is made at once and started later, so that an error of the start can be told."""

    def start(self, work: Work[Any, Any]) -> Outcome[None]:
        return attempted(self._start, work)

    def _start(self, work: Work[Any, Any]) -> None:
        self.work = work.start()

    def do(self, task: Any) -> Outcome[Any]:
        return attempted(self.work, task)


_STARTED: dict[str, Callable[[Any], Any]] = {}
"""The work that this worker process has started; the latest one only."""


def _do(work: Work[Any, Any], task: Any) -> Outcome[Any]:
    return attempted(lambda task: _started(work)(task), task)


def _started(work: Work[Any, Any]) -> Callable[[Any], Any]:
    if work.key not in _STARTED:
        _STARTED.clear()
        _STARTED[work.key] = work.start()
    return _STARTED[work.key]


def _done(running: dict[Any, Any]) -> list[Any]:
    if not running:
        time.sleep(NEWS)
        return []
    ray = _ray()
    done: list[Any] = ray.wait(list(running), num_returns=1, timeout=NEWS)[0]
    return done


def _outcome(reference: Any, actor: Any = None) -> Outcome[Any]:
    """What came of an attempt; of an actor that cannot be reached any more we take leave."""
    ray = _ray()
    try:
        outcome: Outcome[Any] = ray.get(reference)
        return outcome
    except ray.exceptions.RayError as error:
        if actor is not None:
            ray.kill(actor)
        return Lost(f"its worker was lost ({type(error).__name__})", alive=False)
