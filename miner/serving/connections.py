"""Connections that a server can stand: none waits for ever, and what is idle makes room for what is new.

uvicorn itself closes a connection that is idle after an answer, and waits without end for the head of a request
or for a client that does not read. Here each of these has a time, and beyond the number of connections that may
be open the one goes that has kept still the longest, so that those that ask are always let in.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import h11
import orjson
from uvicorn.protocols.http.h11_impl import H11Protocol

from miner.serving.settings import ServerLimits

MALFORMED = {"message": "invalid request: the head is no HTTP/1.1, or too large"}
Waiting = OrderedDict["Connection", None]


@dataclass
class Crowd:
    """The open connections of a server. `waiting` have sent no whole head of a request, longest wait first."""

    limits: ServerLimits
    open: int = 0
    waiting: Waiting = field(default_factory=OrderedDict)
    turned_away: int = 0

    def protocol(self) -> Any:
        """What uvicorn makes of each connection."""
        return partial(Connection, crowd=self)

    def enter(self, connection: Connection) -> None:
        self.open += 1
        if self.open > self.limits.connections:
            self.turned_away += 1
            (next(iter(self.waiting)) if self.waiting else connection).abort()


class Connection(H11Protocol):
    """One connection, with an end to each way of keeping still."""

    def __init__(self, *arguments: Any, crowd: Crowd, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.crowd = crowd
        self.deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.crowd.enter(self)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.open -= 1
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        if not self.flow.write_paused:
            self._wait()
        super().on_response_complete()
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._within(self.crowd.limits.silence)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._within(None)
        if self.cycle is not None and self.cycle.response_complete:
            self._wait()

    def send_400_response(self, msg: str) -> None:
        head = [(b"content-type", b"application/json"), (b"connection", b"close")]
        for event in (
            h11.Response(status_code=400, headers=head, reason=b"Bad Request"),
            h11.Data(data=orjson.dumps(MALFORMED)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def abort(self) -> None:
        """End at once; what was not yet sent is not."""
        if self.transport is not None:
            self.transport.abort()

    def _unsupported_upgrade_warning(self) -> None:
        """An upgrade is not offered, and that a client asks for one is nothing to log."""

    def _wait(self) -> None:
        """For the head of a request, which must be whole in time."""
        self.crowd.waiting[self] = None
        self.crowd.waiting.move_to_end(self)
        self._within(self.crowd.limits.head)

    def _stop_waiting(self) -> None:
        if self.crowd.waiting.pop(self, self) is None:
            self._within(None)

    def _within(self, seconds: float | None) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
        self.deadline = None if seconds is None else self.loop.call_later(seconds, self.abort)
