"""A review that runs, for tests of its server and its page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from miner.judgments import JudgmentStore
from miner.reviewing import ReviewQueue, ReviewServer
from miner.reviewing.queue import Order


@contextmanager
def reviewing(mined: Path, store: Path, *, k: int = 5, order: Order = "draw") -> Iterator[ReviewServer]:
    server = ReviewServer(ReviewQueue(mined, JudgmentStore(store), k=k, order=order))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()
