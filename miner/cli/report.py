"""miner report"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from miner.cli.console import gave_json, safe, say, terminal
from miner.cli.judges import JudgmentsOption, judgments_for
from miner.cli.reading import ColumnsOption, EncodingOption, read_options, say_passed_over


def command(
    file: Annotated[
        Path,
        typer.Argument(
            help="Cohere's rows, receipts and run record beside it; or any shape of docs/formats.md."
        ),
    ],
    evaluation: Annotated[Path | None, typer.Option("--eval", help="The evaluation file.")] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The page; one file, needs no network.")
    ] = Path("report.html"),
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
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
    from contextlib import ExitStack

    from miner.cli.outputs import check_output
    from miner.cli.rows import cohere_rows
    from miner.progress import Clock
    from miner.reporting import report

    check_output(output, inputs=[file, evaluation, judgments_for(judgments, file)])
    options, clock = read_options(columns, encoding), Clock(terminal())
    said = judgments_for(judgments, file)
    with ExitStack() as stack:
        train = stack.enter_context(cohere_rows(file, options))
        other = stack.enter_context(cohere_rows(evaluation, options)) if evaluation else None
        found = report(
            train, other, output=output, model=model, rows=rows, seed=seed, judgments=said, clock=clock
        )
    gave_json(found.statistics, indent=False)
    say_passed_over(options.notes)
    say(f"wrote {safe(str(output))}; open it in a browser")
