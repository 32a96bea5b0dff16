"""miner verify"""

from __future__ import annotations

from typing import Annotated

import typer

from miner.cli.console import Terminal, complain, say


def command(
    index: Annotated[
        str | None, typer.Argument(help="Index folder or URI; default: the only one in indexes/.")
    ] = None,
) -> None:
    """Check every byte of an index: its checksums, and that its parts belong together."""
    from miner.index import default_index, verify
    from miner.progress import Clock

    folder = index or default_index()
    faults = verify(folder, Clock(Terminal()))
    for fault in faults:
        complain(fault)
    if faults:
        say(f"{folder}: {len(faults)} faults; 'miner build-index' on the same corpus mends what is damaged")
        raise SystemExit(1)
    say(f"{folder}: whole")
