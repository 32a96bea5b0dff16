"""`review`: the page is served until it is stopped."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path

from miner.formats.cohere import companion
from miner.judgments import JUDGMENTS, JudgmentStore
from miner.progress import count_of, halt
from miner.reviewing.queue import ReviewQueue
from miner.reviewing.server import ReviewServer
from miner.storage.paths import as_path


def say_address(server: ReviewServer) -> None:
    """On standard error."""
    sys.stderr.write(f"{count_of(len(server.queue), 'negative')} to decide on at {server.address}\n")
    sys.stderr.flush()


def review(
    mined: str | Path,
    *,
    k: int = 100,
    seed: int = 0,
    doubtful: bool = False,
    judgments: str | Path | None = None,
    port: int = 0,
    browser: bool = True,
    ready: Callable[[ReviewServer], object] = say_address,
    rows: Path | None = None,
) -> ReviewQueue:
    """Let a person decide on k negatives of a mined file (0: all) in a page of this machine, until Ctrl-C.

    They are the audit's draw, or with `doubtful` the most doubtful. Decisions go to `judgments`, by default
    FILE.judgments.jsonl, each at once. Port 0 takes a free one; `browser` opens the page, and `ready` is called with
    the server as soon as it can be opened: its address holds a secret. `rows` is the file's content as Cohere's rows,
    where it is none itself. Returns what was decided.

    Raises InputError for what the files hold, ConfigError for a port that is taken, OutputError.
    """
    file = as_path(mined, "the mined file")
    store = JudgmentStore(companion(file, JUDGMENTS) if judgments is None else judgments)
    store.check()
    queue = ReviewQueue(rows or file, store, k=k, seed=seed, order="doubtful" if doubtful else "draw")
    server = ReviewServer(queue, port)
    try:
        ready(server)
        if browser:
            webbrowser.open(server.address)
        with halt.awaited():
            server.run()
    finally:
        server.server.server_close()
    return queue
