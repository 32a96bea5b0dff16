"""miner convert"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from miner.cli.console import as_shown, gave_json, safe, say
from miner.cli.reading import ColumnsOption, EncodingOption, StrictOption, read_options, say_passed_over
from miner.progress import count_of

NAMES = (
    "cohere, triplet, n-tuple, labeled-pair, labeled-list, flag-embedding, ms-swift or beir,"
    " with options as in 'n-tuple(negatives=4)'"
)


def command(
    source: Annotated[
        Path,
        typer.Argument(
            help="Rows in any shape of docs/formats.md: a file, a saved data set, a BEIR folder; or -."
        ),
    ],
    target: Annotated[
        Path,
        typer.Argument(help="What to write; the ending chooses the kind of table. - is standard output."),
    ],
    write: Annotated[str, typer.Option("--to", help=f"Format of TARGET: {NAMES}.")] = "cohere",
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    strict: StrictOption = False,
    fit: Annotated[
        int,
        typer.Option(
            help="Cut passages to the best snippet within so many tokens with the query; 0: off.", min=0
        ),
    ] = 0,
    model: Annotated[
        str | None, typer.Option(help="Encoder that counts and compares for --fit. [default: bundled]")
    ] = None,
) -> None:
    """Convert training rows between formats. Ids and scores are taken from receipts beside SOURCE."""
    from miner.cli.outputs import check_output, given_input
    from miner.formats import format_of
    from miner.formats.convert import convert

    form, options = format_of(write), read_options(columns, encoding, strict)
    if not (write.startswith("beir") or target.is_dir()):
        check_output(target, inputs=[source])
    with given_input(source) as given:
        done = convert(given, target, to=form, options=options, fit=fit, model=model)
    record = {"file": str(target), "format": str(form), "rows": done.rows, "altered": done.altered}
    gave_json(lambda: record | {"left_out": done.left_out, "read": as_shown(options.notes.record())})
    say(f"wrote {safe(str(target))}: {count_of(done.rows, 'row')} as {form}")
    if fit:
        say(f"{count_of(done.altered, 'row has', 'rows have')} passages cut to snippets")
    if done.left_out:
        say(f"warning: {count_of(done.left_out, 'row was', 'rows were')} left out, which {form} cannot carry")
    say_passed_over(options.notes)
