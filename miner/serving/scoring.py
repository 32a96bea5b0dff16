"""One thread that scores documents for all requests: what waits for the same model is scored together."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from miner.reranking import Ranked, Reranker, load_reranker, rank

TOGETHER = 512
"""Documents scored in one go; a single request may have more."""
GRACE = 5.0
LOADED = 4
"""Models kept in memory; of more the one used longest ago is let go."""


@dataclass(frozen=True)
class ScoreRequest:
    """A request for scores. `cut` are tokens that are kept of each document."""

    model: str
    query: str
    documents: Sequence[str]
    top: int | None
    cut: int | None
    answer: Future[list[Ranked]] = field(default_factory=Future)


class ScoringThread:
    """Loads models and scores with them. `watch` hears of each batch: its requests and its documents."""

    def __init__(
        self, limit: int, watch: Callable[[int, int], None] = lambda requests, documents: None
    ) -> None:
        self.limit, self.watch = limit, watch
        self.changed = threading.Condition()
        self.waiting: deque[ScoreRequest] = deque()
        self.documents, self.stopping = 0, False
        self.keeping = threading.Lock()
        self.loaded: OrderedDict[str, Reranker] = OrderedDict()
        self.thread = threading.Thread(target=self._run, name="scorer", daemon=True)
        self.thread.start()

    def ask(self, wish: ScoreRequest) -> Future[list[Ranked]] | None:
        """The ranking that is to come; None where more waits already than the limit allows."""
        with self.changed:
            if self.stopping or (self.waiting and self.documents + len(wish.documents) > self.limit):
                return None
            self.waiting.append(wish)
            self.documents += len(wish.documents)
            self.changed.notify()
        return wish.answer

    def prepare(self, model: str) -> None:
        """Load a model and see that it scores."""
        rank(self.load(model), [("query", ["document"])])

    def forget(self, model: str) -> None:
        with self.keeping:
            self.loaded.pop(model, None)

    def load(self, model: str) -> Reranker:
        with self.keeping:
            found = self.loaded.pop(model, None)
        found = found or load_reranker(model)
        with self.keeping:
            self.loaded[model] = found
            while len(self.loaded) > LOADED:
                self.loaded.popitem(last=False)
        return found

    def stop(self) -> None:
        """Finish what waits and end the thread; one that still loads a model is not waited for."""
        with self.changed:
            self.stopping = True
            self.changed.notify()
        self.thread.join(GRACE)

    def _run(self) -> None:
        while batch := self._next():
            self.watch(len(batch), sum(len(wish.documents) for wish in batch))
            self._answer(batch)

    def _next(self) -> list[ScoreRequest]:
        """The wish that waits longest and others for its model; nothing when the scorer stops."""
        with self.changed:
            while not self.waiting and not self.stopping:
                self.changed.wait()
            if not self.waiting:
                return []
            batch: list[ScoreRequest] = []
            left, room = deque[ScoreRequest](), TOGETHER
            for wish in self.waiting:
                alike = not batch or (wish.model == batch[0].model and len(wish.documents) <= room)
                (batch if alike else left).append(wish)
                room -= len(wish.documents) if alike else 0
            self.waiting = left
            self.documents = sum(len(wish.documents) for wish in left)
            return batch

    def _answer(self, batch: list[ScoreRequest]) -> None:
        try:
            reranker = self.load(batch[0].model)
            requests = [(wish.query, _cut(reranker, wish)) for wish in batch]
            ranked = rank(reranker, requests)
        except Exception as error:
            self._one_by_one(batch, error)
            return
        for wish, places in zip(batch, ranked, strict=True):
            wish.answer.set_result(places[: wish.top])

    def _one_by_one(self, batch: list[ScoreRequest], error: Exception) -> None:
        """A request that cannot be scored does not spoil those that were scored with it."""
        if len(batch) == 1:
            batch[0].answer.set_exception(error)
            return
        for wish in batch:
            self._answer([wish])


def _cut(reranker: Reranker, wish: ScoreRequest) -> Sequence[str]:
    """The documents, cut at a token's end."""
    if wish.cut is None:
        return wish.documents
    tokenizer = tokenizer_of(reranker)
    tokens = tokenizer(
        list(wish.documents),
        add_special_tokens=False,
        truncation=True,
        max_length=wish.cut,
        return_offsets_mapping=True,
    )
    ends = [offsets[-1][1] if offsets else 0 for offsets in tokens["offset_mapping"]]
    return [text[:end] for text, end in zip(wish.documents, ends, strict=True)]


def tokenizer_of(reranker: Any) -> Any:
    """The tokenizer of a reranker; of a combined one its encoder's."""
    return (reranker.bi if hasattr(reranker, "bi") else reranker).model.tokenizer
