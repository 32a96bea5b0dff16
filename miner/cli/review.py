"""miner review"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from miner.cli.console import safe, say
from miner.cli.judges import judgments_beside


def command(
    mined: Annotated[Path, typer.Argument(help="Mined rows, JSONL; receipts beside them are used.")],
    k: Annotated[int, typer.Option("-k", min=0, help="Negatives to decide on; 0 for all.")] = 100,
    seed: Annotated[int, typer.Option(help="Seeds the draw, as for audit.")] = 0,
    doubtful: Annotated[
        bool, typer.Option("--doubtful", help="The most doubtful first, in place of the audit's draw.")
    ] = False,
    judgments: Annotated[
        Path | None, typer.Option(help="Where decisions go. [default: FILE.judgments.jsonl, as for audit]")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
) -> None:
    """Decide on negatives in a page of your own browser: y, n, u and arrows. Every key is saved at once.

    The page is served to this machine only, until Ctrl-C; its address on stdout holds a secret. Decisions are
    those of `miner audit`, and go into mining with --judgments.
    """
    import webbrowser

    from miner.judgments import JudgmentStore
    from miner.reviewing import ReviewQueue, ReviewServer

    store = JudgmentStore(judgments or judgments_beside(mined))
    queue = ReviewQueue(mined, store, k=k, seed=seed, order="doubtful" if doubtful else "draw")
    server = ReviewServer(queue, port)
    typer.echo(server.address)
    say(f"{len(queue):,} negatives to decide on; decisions go to {safe(str(store.path))}; Ctrl-C ends")
    if browser:
        webbrowser.open(server.address)
    with suppress(KeyboardInterrupt):
        server.run()
    server.server.server_close()
    state = queue.state()
    say(f"{state['answered']:,} of {len(queue):,} decided; miner audit {safe(str(mined))} tells the rate")
