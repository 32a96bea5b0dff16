"""Calls of a service: some at once, tried again when it is busy or fails, stopped when it refuses.

The clients' own retries are off: they give up on a long Retry-After, know nothing of each other, and cannot
say what was tried.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from itertools import islice
from threading import Lock
from typing import Generic, TypeVar

from miner.errors import EndpointFailed, MinerError

Item = TypeVar("Item")
Answer = TypeVar("Answer")
RETRIED = (408, 409, 425, 429)
"""Statuses below 500 after which the same call may succeed."""


class CallFailed(MinerError):
    """A call that brought nothing: `status` of HTTP, 0 where no answer came; `after` seconds at least before
    the next one; `final` where asking again would change nothing; `about_content` where a filter of the
    service refused the texts."""

    def __init__(
        self,
        message: str,
        status: int = 0,
        after: float | None = None,
        final: bool | None = None,
        about_content: bool = False,
    ) -> None:
        super().__init__(message)
        self.about_content = about_content
        self.status, self.after = status, after
        self.final = 300 <= status < 500 and status not in RETRIED if final is None else final


@dataclass(frozen=True)
class Patience:
    """How a service is asked: `parallel` calls at once, each tried `attempts` times and waiting `timeout`
    seconds for an answer; pauses double from `first` to `longest` seconds, or are what the service asks for,
    if that is at most `most`."""

    parallel: int = 4
    attempts: int = 6
    timeout: float = 120.0
    first: float = 0.5
    longest: float = 30.0
    most: float = 900.0


@dataclass
class Meter:
    """What was asked so far: calls that were answered, calls tried again, tokens as the service counted."""

    calls: int = 0
    retries: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, *, calls: int = 0, retries: int = 0, tokens_in: int = 0, tokens_out: int = 0) -> None:
        with self._lock:
            self.calls += calls
            self.retries += retries
            self.tokens_in += tokens_in
            self.tokens_out += tokens_out


class Caller(Generic[Item, Answer]):
    """Makes one kind of call for many items."""

    def __init__(
        self,
        host: str,
        call: Callable[[Item], Answer],
        patience: Patience | None = None,
        meter: Meter | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.host, self.call, self.sleep = host, call, sleep
        self.patience, self.meter = patience or Patience(), meter or Meter()
        self._pause, self._lock = 0.0, Lock()

    def run(self, items: Sequence[Item] | Iterator[Item]) -> Iterator[tuple[Item, Answer]]:
        """Items with their answers, as these come. An item is taken when its turn comes, so that a consumer
        who stops has paid for no more than what was in flight.

        Raises EndpointFailed when the service refuses or fails too often; answers in flight come first.
        """
        waiting, running = iter(items), dict[Future[Answer], Item]()
        failure: CallFailed | None = None
        with ThreadPoolExecutor(self.patience.parallel, thread_name_prefix="miner-endpoint") as pool:
            while True:
                if failure is None:
                    for item in islice(waiting, self.patience.parallel - len(running)):
                        running[pool.submit(self.once, item)] = item
                if not running:
                    break
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    item, error = running.pop(done), done.exception()
                    if error is None:
                        yield item, done.result()
                    else:
                        failure = failure or _failure(error)
        if failure is not None:
            raise EndpointFailed(f"{self.host}: {failure}")

    def once(self, item: Item) -> Answer:
        """One item's answer, tried again as patience allows. Raises CallFailed."""
        for attempt in range(1, self.patience.attempts + 1):
            self._wait()
            try:
                answer = self.call(item)
            except CallFailed as error:
                if error.final or attempt == self.patience.attempts:
                    raise
                self._hold(error, attempt)
                self.meter.add(retries=1)
            else:
                self.meter.add(calls=1)
                return answer
        raise AssertionError

    def _hold(self, error: CallFailed, attempt: int) -> None:
        """Let all calls wait: what one is told concerns them all."""
        asked = error.after or 0.0
        if asked > self.patience.most:
            message = f"asks to wait {asked:,.0f} seconds; start again later, what was answered is kept"
            raise CallFailed(message, error.status, final=True)
        delay = min(self.patience.first * 2 ** (attempt - 1), self.patience.longest)
        delay = max(asked, delay * random.uniform(0.5, 1.0))  # noqa: S311
        with self._lock:
            self._pause = max(self._pause, time.monotonic() + delay)

    def _wait(self) -> None:
        with self._lock:
            left = self._pause - time.monotonic()
        if left > 0:
            self.sleep(left)


def _failure(error: BaseException) -> CallFailed:
    if isinstance(error, CallFailed):
        return error
    raise error


def retry_after(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date; None where it says nothing."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
