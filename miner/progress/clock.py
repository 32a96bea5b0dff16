"""The clock: stages, what each of them cost, and ticks from inside of one call."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

from miner.progress.halt import halt


class Progress(Protocol):
    """Where stages tell how far they are."""

    def begin(self, stage: str, total: int | None, unit: str) -> None: ...
    def advance(self, done: int) -> None: ...
    def end(self) -> None: ...


class Silent:
    """The progress of the library."""

    def begin(self, stage: str, total: int | None, unit: str) -> None: ...
    def advance(self, done: int) -> None: ...
    def end(self) -> None: ...


@dataclass
class Stage:
    """What one stage cost. `items` counts `unit`s; tokens where it encoded."""

    name: str
    unit: str = ""
    items: int = 0
    tokens: int = 0
    seconds: float = 0.0
    peak_memory: int = 0
    """Bytes resident at the highest, of the whole process, when the stage ended."""

    def record(self) -> dict[str, Any]:
        record: dict[str, Any] = {"stage": self.name, "seconds": round(self.seconds, 3)}
        counts = {self.unit or "items": self.items, "tokens": self.tokens}
        for unit, count in counts.items():
            if count:
                record[unit] = count
                record[f"{unit}_per_second"] = round(count / self.seconds, 1) if self.seconds else None
        return {**record, "peak_memory_bytes": self.peak_memory}


@dataclass
class Clock:
    """Times stages and passes their signs of life on. A stage entered twice adds up."""

    progress: Progress = field(default_factory=Silent)
    stages: dict[str, Stage] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, total: int | None = None, unit: str = "items") -> Iterator[Stage]:
        halt.check()
        stage = self.stages.setdefault(name, Stage(name, unit))
        start = time.perf_counter()
        self.progress.begin(name, total, unit)
        try:
            yield stage
        finally:
            stage.seconds += time.perf_counter() - start
            stage.peak_memory = peak_memory()
            self.progress.end()

    def advance(self, stage: Stage, items: int, tokens: int = 0) -> None:
        halt.check()
        stage.items += items
        stage.tokens += tokens
        self.progress.advance(items)

    def record(self) -> list[dict[str, Any]]:
        return [stage.record() for stage in self.stages.values()]


_TOLD: ContextVar[Callable[[int], None] | None] = ContextVar("miner_told", default=None)


@contextmanager
def ticking(tell: Callable[[int], None], total: int) -> Iterator[None]:
    """Inside the block `tell` hears of each tick, from whatever thread; after it of what is left of the total."""
    told, lock = 0, Lock()

    def some(done: int) -> None:
        nonlocal told
        with lock:
            few = min(done, total - told)
            told += few
            if few:
                tell(few)

    token = _TOLD.set(some)
    try:
        yield
    finally:
        _TOLD.reset(token)
    some(total)


def ticker() -> Callable[[int], None]:
    """What ticks are told to here and now, for work that goes on in other threads."""
    return _TOLD.get() or _unheard


def _unheard(done: int) -> None:
    """Nobody listens."""


def tick(done: int) -> None:
    """Called by whoever works through many things in one call, after every few of them."""
    ticker()(done)


def peak_memory() -> int:
    """Bytes resident at the highest in the life of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
