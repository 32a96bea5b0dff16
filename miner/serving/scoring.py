"""One thread that scores documents for all requests, a few at a time, so that none holds up the others.

The request that is due first goes first. A request is due when it has waited `PATIENCE` times as long as its documents
take: a short one overtakes long ones, and none waits for ever (earliest deadline first: Liu & Layland 1973, p. 55).
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic

import numpy as np

from miner.data import Float32
from miner.errors import ModelError
from miner.reranking import Ranked
from miner.serving.rerankers import ServingLoader, ServingModel, Shelf

PATIENCE = 10.0
SECONDS = 0.005
"""That a document is thought to take before any was scored."""
RECENT = 0.2
"""How much the last turn says of how long a document takes."""
PIECE = 16
"""Documents of one request that are scored without a look at who else waits."""
GRACE = 5.0
log = logging.getLogger("miner.serving")


@dataclass(eq=False)
class ScoreRequest:
    """A request for scores. `cut` are tokens that are kept of each document."""

    model: str
    query: str
    documents: Sequence[str]
    top: int | None
    cut: int | None
    answer: Future[list[Ranked]] = field(default_factory=Future)
    came: float = field(default_factory=monotonic)
    scored: list[Float32] = field(default_factory=list)
    """Columns of the pieces that were scored."""
    done: int = 0
    """Documents in them."""

    @property
    def left(self) -> int:
        return len(self.documents) - self.done


Piece = tuple[ScoreRequest, Sequence[str]]


class ScoringThread:
    """Loads models and scores with them. `watch` hears of each turn: its requests and its documents."""

    def __init__(
        self,
        limit: int,
        watch: Callable[[int, int], None] = lambda requests, documents: None,
        loader: ServingLoader | None = None,
    ) -> None:
        self.limit, self.watch = limit, watch
        self.turn = 4 * PIECE * max(1, (os.cpu_count() or 1) // 4)
        self.changed = threading.Condition()
        self.waiting: list[ScoreRequest] = []
        self.stopping, self.seconds = False, SECONDS
        self.shelf = Shelf((loader or ServingLoader()).load)
        self.thread = threading.Thread(target=self._run, name="scorer", daemon=True)
        self.thread.start()

    @property
    def documents(self) -> int:
        """How many wait."""
        with self.changed:
            return sum(wish.left for wish in self.waiting)

    def ask(self, wish: ScoreRequest) -> Future[list[Ranked]] | None:
        """The ranking that is to come; None where more waits already than the limit allows.

        Who cancels it takes the wish back.
        """
        with self.changed:
            waiting = sum(other.left for other in self.waiting)
            if self.stopping or (waiting and waiting + len(wish.documents) > self.limit):
                return None
            self.waiting.append(wish)
            self.changed.notify()
        wish.answer.add_done_callback(lambda _: self._drop(wish))
        return wish.answer

    def prepare(self, model: str) -> None:
        """Load a model and see that it scores."""
        self.shelf.get(model).columns([("query", ["document"])])

    def forget(self, model: str) -> None:
        self.shelf.forget(model)

    def stop(self) -> None:
        """Finish what waits and end the thread; one that still loads a model is not waited for."""
        with self.changed:
            self.stopping = True
            self.changed.notify()
        self.thread.join(GRACE)

    def _drop(self, wish: ScoreRequest) -> None:
        with self.changed:
            if wish in self.waiting:
                self.waiting.remove(wish)

    def _run(self) -> None:
        while turn := self._next():
            documents, start = sum(len(documents) for _, documents in turn), monotonic()
            self.watch(len(turn), documents)
            self._score(turn)
            self.seconds += RECENT * ((monotonic() - start) / documents - self.seconds)

    def _due(self, wish: ScoreRequest) -> float:
        return wish.came + PATIENCE * self.seconds * len(wish.documents)

    def _next(self) -> list[Piece]:
        """Pieces of the request that is due first, and of others for its model; nothing when the thread stops."""
        with self.changed:
            while not self.waiting and not self.stopping:
                self.changed.wait()
            turn: list[Piece] = []
            room = self.turn
            for wish in sorted(self.waiting, key=self._due):
                if room < PIECE or (turn and wish.model != turn[0][0].model):
                    continue
                for start in range(wish.done, len(wish.documents), PIECE):
                    if room < PIECE:
                        break
                    turn.append((wish, wish.documents[start : start + PIECE]))
                    room -= PIECE
            return turn

    def _score(self, turn: list[Piece]) -> None:
        try:
            model = self.shelf.get(turn[0][0].model)
            pieces = [(wish.query, model.cut(documents, wish.cut)) for wish, documents in turn]
            columns = model.columns(pieces)
        except Exception as error:
            self._one_by_one(turn, error)
            return
        for (wish, documents), scores in zip(turn, columns, strict=True):
            self._put(model, wish, len(documents), scores)

    def _put(self, model: ServingModel, wish: ScoreRequest, documents: int, scores: Float32) -> None:
        wish.scored.append(scores)
        wish.done += documents
        if not wish.left and wish.answer.set_running_or_notify_cancel():
            try:
                wish.answer.set_result(model.places(np.concatenate(wish.scored), wish.top))
            except Exception as error:
                wish.answer.set_exception(error)

    def _one_by_one(self, turn: list[Piece], error: Exception) -> None:
        """A request that cannot be scored does not spoil those that were scored with it."""
        wishes = list(dict.fromkeys(wish for wish, _ in turn))
        if len(wishes) > 1:
            for wish in wishes:
                self._score([piece for piece in turn if piece[0] is wish])
            return
        if not isinstance(error, ModelError):
            log.exception("documents could not be scored", exc_info=error, extra={"event": "failure"})
        if wishes[0].answer.set_running_or_notify_cancel():
            wishes[0].answer.set_exception(error)
