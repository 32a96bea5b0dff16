"""miner report"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from miner.cli.console import gave_json, say, terminal
from miner.cli.judges import JudgmentsOption, judgments_for


def command(
    file: Annotated[Path, typer.Argument(help="Rows in Cohere's format; receipts and run record beside it.")],
    evaluation: Annotated[Path | None, typer.Option("--eval", help="The evaluation file.")] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The page; one file, needs no network.")
    ] = Path("report.html"),
    model: Annotated[
        str | None,
        typer.Option(
            help="Counts tokens, groups queries by meaning. Default: the bundled tokenizer, groups by words."
        ),
    ] = None,
    rows: Annotated[int, typer.Option(min=0, help="Rows of the table; drawn at random from more.")] = 1_000,
    seed: Annotated[int, typer.Option(help="Seeds the draw.")] = 0,
    judgments: JudgmentsOption = None,
) -> None:
    """Write a page to look at a data set: preview, checks, distributions, diversity, rows, provenance."""
    from miner.progress import Clock
    from miner.reporting import report

    clock = Clock(terminal())
    said = judgments_for(judgments, file)
    found = report(
        file, evaluation, output=output, model=model, rows=rows, seed=seed, judgments=said, clock=clock
    )
    gave_json(found.statistics, indent=False)
    say(f"wrote {output}")
