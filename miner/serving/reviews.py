"""Pages on which a person decides on the hard negatives of a data set: `miner review`, from the server's own page."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock, Thread

from miner.judgments import JudgmentStore
from miner.reviewing import ReviewQueue, ReviewServer
from miner.serving.state import SIDES, State

OPEN = 4
"""Reviews at once; beyond, the one asked for longest ago is closed. Its decisions are kept."""
JUDGMENTS = "judgments.jsonl"


class Reviews:
    """The reviews that are open, by data set, each a server of its own on loopback."""

    def __init__(self, state: State) -> None:
        self.state, self.lock = state, Lock()
        self.servers: OrderedDict[str, ReviewServer] = OrderedDict()

    def address(self, id: str) -> str:
        """Where the training data of a data set are reviewed. Raises what reading them raises."""
        with self.lock:
            server = self.servers.pop(id, None) or self._begun(id)
            self.servers[id] = server
            while len(self.servers) > OPEN:
                self.servers.popitem(last=False)[1].close()
            return server.address

    def _begun(self, id: str) -> ReviewServer:
        folder = self.state.dataset(id)
        queue = ReviewQueue(folder / f"{SIDES[0]}.jsonl", JudgmentStore(folder / JUDGMENTS))
        server = ReviewServer(queue)
        Thread(target=server.run, name="review", daemon=True).start()
        return server

    def forget(self, id: str) -> None:
        with self.lock:
            if server := self.servers.pop(id, None):
                server.close()

    def close(self) -> None:
        for id in list(self.servers):
            self.forget(id)
