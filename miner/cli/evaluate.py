"""miner evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from miner.cli.console import gave_json, say, show_text, table, terminal
from miner.cli.reading import ColumnsOption, EncodingOption, read_options, say_passed_over
from miner.progress import count_of


def command(
    model: Annotated[Path, typer.Argument(help="Folder that `miner train` wrote, or any model folder.")],
    file: Annotated[
        Path, typer.Argument(help="Held-out rows: Cohere's JSONL, or any shape of docs/formats.md; or -.")
    ],
    index: Annotated[
        str | None, typer.Option(help="Choose among the nearest passages of this index, not the negatives.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many passages of the index.")] = 50,
    base: Annotated[
        str | None, typer.Option(help="Model to compare with. Default: what MODEL was trained from.")
    ] = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
) -> None:
    """Judge a reranker against its base model, at the same length, on rows it has not seen."""
    from miner.cli.outputs import given_input
    from miner.progress import Clock
    from miner.reranking.evaluate import TABLE_HEADER, evaluate

    options, clock = read_options(columns, encoding), Clock(terminal())
    with given_input(file) as given:
        comparison = evaluate(
            model, given, index=index, top=top, base=base, seed=seed, options=options, clock=clock
        )
    say_passed_over(options.notes)
    if gave_json(comparison.record):
        return
    if comparison.left_out:
        say(f"left out: {count_of(comparison.left_out, 'row')} without hard negatives")
    say(
        f"{count_of(comparison.queries, 'query')} in {count_of(comparison.clusters, 'independent group')}, "
        f"{comparison.documents:.1f} documents a query, both models cut at {comparison.max_length} tokens"
    )
    show_text(table(comparison.table(), TABLE_HEADER))
