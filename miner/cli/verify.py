"""miner verify"""

from __future__ import annotations

from typing import Annotated

import typer

from miner.cli.console import complain, gave_json, say, terminal
from miner.progress import count_of


def command(
    index: Annotated[
        str | None, typer.Argument(help="Index folder or URI; default: the only one in indexes/.")
    ] = None,
) -> None:
    """Check every byte of an index: its checksums, and that its parts belong together."""
    from miner.index import default_index, verify
    from miner.progress import Clock
    from miner.storage.bucket import is_uri

    folder = index or str(default_index())
    faults = verify(folder, Clock(terminal()))
    gave_json(lambda: {"index": folder, "faults": list(faults)})
    for fault in faults:
        complain(fault)
    if faults:
        mend = "mends what is damaged"
        if is_uri(folder):
            mend = "puts what was damaged there again when you have deleted it"
        say(f"{folder}: {count_of(len(faults), 'fault')}; 'miner build-index' on the same corpus {mend}")
        raise SystemExit(1)
    say(f"{folder}: whole")
