"""miner info"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from miner.cli.console import gave_json, safe, show_text, table


def command(
    index: Annotated[
        str | None, typer.Argument(help="Index folder or URI; default: the only one in indexes/.")
    ] = None,
) -> None:
    """Show what an index holds and what it was built with."""
    from miner.index import info

    record = info(index)
    if gave_json(lambda: record):
        return
    flat = dict[str, Any]()
    for name, value in record.items():
        nested = value.items() if isinstance(value, dict) else ()
        flat |= {f"{name}.{key}": each for key, each in nested} or {name: value}
    show_text(
        table(
            [
                (key, f"{value:,}" if type(value) is int else safe(str(value), 100))
                for key, value in flat.items()
            ]
        )
    )
