"""What is about to be sent where, and at what price: said before the first call."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from miner.errors import ConfigError, Declined
from miner.progress import count_of

BYTES_A_TOKEN = 3.5
"""Of UTF-8: English has about 4.5, Chinese about 2.5, code about 3; so the estimate is rather too high."""


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has, by its length: services count by tokenizers of their own."""
    return max(1, round(len(text.encode("utf-8", "surrogatepass")) / BYTES_A_TOKEN))


@dataclass(frozen=True, slots=True)
class Price:
    """Money for a million tokens, in whatever currency it was given: read and written."""

    read: float = 0.0
    written: float = 0.0

    def of(self, tokens_in: float, tokens_out: float = 0.0) -> float:
        return (tokens_in * self.read + tokens_out * self.written) / 1e6

    @classmethod
    def parse(cls, text: str) -> Price:
        """'0.15' or '0.15,0.60'. Raises ConfigError."""
        try:
            numbers = [float(part) for part in text.split(",")]
            if 1 <= len(numbers) <= 2 and all(0 <= number < float("inf") for number in numbers):
                return cls(*numbers)
        except ValueError:
            pass
        raise ConfigError(
            f"the price is {text!r}; expected money for a million tokens read, or read and written, as 0.15,0.60"
        )


def price_of(given: float | str | None) -> Price | None:
    """A price as options have it: a number, or as Price.parse reads it. Raises ConfigError."""
    return None if given is None else Price.parse(str(given))


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What will be sent: so many texts in at most so many calls, with about so many tokens read and written."""

    host: str
    purpose: str
    texts: int
    calls: int
    tokens_in: int
    tokens_out: int = 0
    price: Price | None = None
    local: bool = False

    @property
    def money(self) -> float | None:
        return None if self.price is None else self.price.of(self.tokens_in, self.tokens_out)

    def text(self) -> str:
        """In a line."""
        tokens = f"about {count_of(self.tokens_in, 'token')}"
        if self.tokens_out:
            tokens += f" and {self.tokens_out:,} written"
        money = "" if self.money is None else f", about {self.money:,.2f} at the price given"
        return (
            f"{self.host} will get {count_of(self.texts, 'text')} {self.purpose}: at most "
            f"{count_of(self.calls, 'call')}, {tokens}{money}"
        )


def announce(plan: CallPlan) -> None:
    """Say it on standard error and go on: for scripts and notebooks, where whoever wrote them named the host."""
    sys.stderr.write(f"{plan.text()}\n")
    sys.stderr.flush()


_ASKED: ContextVar[Callable[[CallPlan], None]] = ContextVar("miner_consent", default=announce)


@contextmanager
def asking(ask: Callable[[CallPlan], None]) -> Iterator[None]:
    """Within the block `ask` decides on what is sent; it raises Declined to keep it here."""
    token = _ASKED.set(ask)
    try:
        yield
    finally:
        _ASKED.reset(token)


def agree(plan: CallPlan) -> None:
    """To be called before the first call of a run. Raises Declined where the user says no."""
    if plan.calls:
        _ASKED.get()(plan)


def ask_in_terminal(yes: bool) -> Callable[[CallPlan], None]:
    """For the command line: says what will be sent, and asks in a terminal unless told `yes` beforehand.

    This machine's own servers are not asked about.
    """

    def ask(plan: CallPlan) -> None:
        announce(plan)
        if yes or plan.local or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return
        sys.stderr.write("send them? y/n ")
        sys.stderr.flush()
        if not sys.stdin.readline().strip().lower().startswith("y"):
            raise Declined(f"nothing was sent to {plan.host}")

    return ask
