"""Progress that is seen: a living line in a terminal, one in a notebook, plain lines where output is piped."""

from __future__ import annotations

import sys
import time
from threading import Event, Lock, Thread
from typing import Any

from miner.progress.clock import Clock, Progress, Silent
from miner.progress.counts import count_of, singular

FIRST, EVERY = 1.0, 10.0
"""Seconds until a stage is told of in plain lines, and from then on from line to line."""
OFTEN = 0.5
"""Seconds between two updates of a notebook's line."""


class Watch:
    """How far a stage is, in words."""

    def __init__(self, stage: str, total: int | None, unit: str) -> None:
        self.stage, self.total, self.unit = stage, total, unit
        self.done, self.start = 0, time.monotonic()

    def __str__(self) -> str:
        """'encode: 12 of 400 passages (3.1/s, 2m05s left)', or how long it has taken before the first."""
        took = time.monotonic() - self.start
        if not self.done:
            of = f" {self._some(self.total)}" if self.total and self.unit else ""
            return f"{self.stage}:{of} … {duration(took)}"
        rate = self.done / max(took, 1e-9)
        speed = f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s" if rate >= 1 else f"{1 / rate:.1f} s each"
        if not self.total:
            return f"{self.stage}: {self._some(self.done)} ({speed})"
        left = duration(max(self.total - self.done, 0) / rate)
        return f"{self.stage}: {self.done:,} of {self._some(self.total)} ({speed}, {left} left)"

    def _some(self, count: int) -> str:
        return count_of(count, singular(self.unit), self.unit)


class PlainLines:
    """Tells of a stage that takes longer than a second, and then now and again, whether it advances or not.
    `show` is given each line; `first` and `every` are seconds."""

    def __init__(self, first: float = FIRST, every: float = EVERY) -> None:
        self.first, self.every = first, every
        self._lock, self._over = Lock(), Event()
        self._watch: Watch | None = None
        self._thread: Thread | None = None

    def show(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take away what was shown, where that can be done."""

    def begin(self, stage: str, total: int | None, unit: str) -> None:
        self.end()
        self._watch, self._over = Watch(stage, total, unit), Event()
        self._thread = Thread(target=self._tell, args=(self._watch, self._over), daemon=True)
        self._thread.start()

    def advance(self, done: int) -> None:
        with self._lock:
            if self._watch is not None:
                self._watch.done += done

    def end(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self.clear()
        self._watch = self._thread = None

    def _tell(self, watch: Watch, over: Event) -> None:
        wait = self.first
        while not over.wait(wait):
            self.show(str(watch))
            wait = self.every


class LivingLine:
    """One line of a terminal with a bar, drawn again and again by rich."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def begin(self, stage: str, total: int | None, unit: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        self.end()
        columns = (SpinnerColumn(), BarColumn(24), TextColumn("{task.fields[watch]}", markup=False))
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
        self._task = self._bar.add_task(stage, total=total, watch=Watch(stage, total, unit))
        self._bar.start()

    def advance(self, done: int) -> None:
        if self._bar is not None:
            self._bar.tasks[0].fields["watch"].done += done
            self._bar.advance(self._task, done)

    def end(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar = None


class Notebook(PlainLines):
    """One line of a cell's output that is drawn again and again."""

    def __init__(self) -> None:
        super().__init__(0.0, OFTEN)
        self._handle: Any = None

    def show(self, text: str) -> None:
        from IPython.display import display

        shown = {"text/plain": text}
        if self._handle is None:
            self._handle = display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)

    def clear(self) -> None:
        if self._handle is not None:
            self._handle.update({"text/plain": ""}, raw=True)


def Terminal() -> Progress:  # noqa: N802
    """The progress of a command: a living line in a terminal, plain lines when piped."""
    return LivingLine() if sys.stderr.isatty() else PlainLines()


def in_notebook() -> bool:
    """Whether this runs in a kernel that shows its output in a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def clock_of(clock: Clock | None, progress: bool = True) -> Clock:
    """The clock, or a new one: its progress is seen in terminals and notebooks unless `progress` is off."""
    if clock is not None:
        return clock
    if progress and in_notebook():
        return Clock(Notebook())
    return Clock(LivingLine() if progress and sys.stderr is not None and sys.stderr.isatty() else Silent())


def duration(seconds: float) -> str:
    """'5s', '2m05s' or '1h10m'."""
    minutes, rest = divmod(int(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60}h{minutes % 60:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
