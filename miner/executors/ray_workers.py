"""Pools on Ray: plain tasks, and actors that keep a model. The only file that imports ray."""

from __future__ import annotations

import logging
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from miner.errors import WorkLost, require
from miner.executors.executor import Work
from miner.executors.queue import Attempt
from miner.executors.workers import Done, Failed, Lost, Outcome, attempted

NEWS, LOOK = 1.0, 5.0
"""Seconds between looks at whether something ended, and whether the cluster grew."""
PATIENCE = 600.0
"""Seconds without a single worker after which we give up."""
STARTS = 5
"""Workers that may die one after another before they are ready."""

T = TypeVar("T")
R = TypeVar("R")


def import_ray() -> Any:
    """Raises MissingExtra."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    require("ray", extra="ray", purpose="--executor ray")
    import ray

    logging.getLogger("ray").setLevel(logging.ERROR)
    return ray


def room_for(cpus: float, gpus: float) -> int:
    """How many workers of so much the cluster has room for as it is."""
    there = import_ray().cluster_resources()
    by_gpu = there.get("GPU", 0) // gpus if gpus else math.inf
    return int(min(there.get("CPU", 0) // cpus, by_gpu))


@dataclass
class Tasks(Generic[T, R]):
    """Plain tasks, without a GPU, a bounded number in flight: so many as `workers`, or two for each place."""

    work: Work[T, R]
    workers: int | None
    """None for as many as the cluster has room for."""
    cpus: float
    gpus: float = 0.0
    running: dict[Any, Attempt[T]] = field(default_factory=dict)
    silent: dict[Any, Attempt[T]] = field(default_factory=dict)
    """Those of which nothing was heard for long."""
    looked: float = -math.inf
    limit: int = 1

    def __post_init__(self) -> None:
        self.ray = import_ray()
        self.submit = self.ray.remote(num_cpus=self.cpus, max_retries=0)(_do).remote

    @property
    def room(self) -> bool:
        if time.monotonic() - self.looked > LOOK:
            self.looked = time.monotonic()
            self.limit = self.workers or max(1, 2 * room_for(self.cpus, 0))
        return len(self.running) < self.limit

    @property
    def busy(self) -> bool:
        return any(not attempt.done for attempt in (*self.running.values(), *self.silent.values()))

    def begin(self, attempt: Attempt[T]) -> None:
        self.running[self.submit(self.work, attempt.task)] = attempt

    def ended(self) -> Iterator[tuple[Attempt[T], Outcome[R]]]:
        for reference in _done([*self.running, *self.silent]):
            home = self.running if reference in self.running else self.silent
            yield home.pop(reference), _outcome(reference)

    def late(self, seconds: float) -> list[Attempt[T]]:
        now = time.monotonic()
        found = {ref: each for ref, each in self.running.items() if now - each.since > seconds}
        self.silent |= found
        for reference in found:
            del self.running[reference]
        return list(found.values())

    def dismiss(self) -> None:
        for reference in (*self.running, *self.silent):
            with suppress(self.ray.exceptions.RayError):
                self.ray.cancel(reference, force=True)
        self.running.clear()
        self.silent.clear()


@dataclass
class Actors(Generic[T, R]):
    """Actors, each with one attempt at a time, hired when there is something to do. For one that dies another
    is hired, on another node if need be.
    """

    work: Work[T, R]
    workers: int | None
    """None for as many as the cluster has room for."""
    cpus: float
    gpus: float = 0.0
    waiting: deque[Attempt[T]] = field(default_factory=deque)
    idle: list[Any] = field(default_factory=list)
    starting: dict[Any, Any] = field(default_factory=dict)
    """Actors by the reference of their start."""
    running: dict[Any, tuple[Any, Attempt[T]]] = field(default_factory=dict)
    """Actors with what they are at, by reference."""
    silent: dict[Any, tuple[Any, Attempt[T]]] = field(default_factory=dict)
    """Those of which nothing was heard for long."""
    looked: float = -math.inf
    target: int = 1
    deaths: int = 0

    def __post_init__(self) -> None:
        self.ray, self.alone = import_ray(), time.monotonic()
        limits = {"num_cpus": self.cpus, "num_gpus": self.gpus, "max_restarts": 0}
        self.hire = self.ray.remote(**limits)(_RayWorker).remote

    @property
    def room(self) -> bool:
        if time.monotonic() - self.looked > LOOK:
            self.looked = time.monotonic()
            self.target = self.workers or max(1, room_for(self.cpus, self.gpus))
        return len(self.waiting) + len(self.running) < self.target

    @property
    def busy(self) -> bool:
        under_way = (attempt for _, attempt in (*self.running.values(), *self.silent.values()))
        return bool(self.waiting) or any(not attempt.done for attempt in under_way)

    def begin(self, attempt: Attempt[T]) -> None:
        self.waiting.append(attempt)
        self._give()

    def ended(self) -> Iterator[tuple[Attempt[T], Outcome[R]]]:
        for reference in _done([*self.starting, *self.running, *self.silent]):
            if reference in self.starting:
                self._started(reference)
                continue
            home = self.running if reference in self.running else self.silent
            actor, attempt = home.pop(reference)
            outcome: Outcome[R] = _outcome(reference, actor)
            if not isinstance(outcome, Lost) or outcome.alive:
                self.idle.append(actor)
            self._give()
            yield attempt, outcome
        if self.idle or self.running:
            self.alone = time.monotonic()
        elif time.monotonic() - self.alone > PATIENCE:
            raise WorkLost(
                f"no worker could be started in {PATIENCE:.0f} s: {self.cpus:g} processors and {self.gpus:g} GPUs for "
                "each are not free"
            )

    def late(self, seconds: float) -> list[Attempt[T]]:
        now = time.monotonic()
        found = {ref: each for ref, each in self.running.items() if now - each[1].since > seconds}
        self.silent |= found
        for reference in found:
            del self.running[reference]
        return [attempt for _, attempt in found.values()]

    def dismiss(self) -> None:
        at_work = (actor for actor, _ in (*self.running.values(), *self.silent.values()))
        for actor in (*self.idle, *self.starting.values(), *at_work):
            self.ray.kill(actor)
        for each in (self.idle, self.starting, self.running, self.silent, self.waiting):
            each.clear()

    def _give(self) -> None:
        while self.waiting and self.idle:
            actor, attempt = self.idle.pop(), self.waiting.popleft()
            self.running[actor.do.remote(attempt.task)] = actor, attempt
        for _ in range(len(self.waiting) - len(self.starting)):
            actor = self.hire()
            self.starting[actor.start.remote(self.work)] = actor

    def _started(self, reference: Any) -> None:
        actor = self.starting.pop(reference)
        outcome: Outcome[None] = _outcome(reference, actor)
        if isinstance(outcome, Failed):
            raise outcome.error
        if isinstance(outcome, Done):
            self.deaths = 0
            self.idle.append(actor)
        else:
            self.ray.kill(actor)
            self.deaths += 1
            if self.deaths >= STARTS:
                raise WorkLost(
                    f"{STARTS} workers died before they were ready, at last because {outcome.reason}"
                )
        self._give()


class _RayWorker:
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


def _done(running: Iterable[Any]) -> list[Any]:
    """Those of some references that are done, all that are if any is; none if none is for a while."""
    references = list(running)
    wait = import_ray().wait
    if not wait(references, num_returns=1, timeout=NEWS)[0]:
        return []
    done: list[Any] = wait(references, num_returns=len(references), timeout=0)[0]
    return done


def _outcome(reference: Any, actor: Any = None) -> Outcome[Any]:
    """What came of an attempt; of an actor that cannot be reached any more we take leave."""
    ray = import_ray()
    try:
        outcome: Outcome[Any] = ray.get(reference)
        return outcome
    except ray.exceptions.RayError as error:
        if actor is not None:
            ray.kill(actor)
        return Lost(f"its worker was lost ({type(error).__name__})", alive=False)
