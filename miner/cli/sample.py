"""miner sample"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from miner.cli.console import say, word


def command(folder: Annotated[Path, typer.Argument(help="Where to write it.")]) -> None:
    """Write a help centre of an invented product, with queries and complete judgments."""
    from miner.samples import sample

    sample(folder)
    say(
        f"wrote corpus/, queries.jsonl and judgments.tsv to {folder}\nnext: miner build-index {word(folder / 'corpus')}"
    )
