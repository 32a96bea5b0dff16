"""miner clean"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from miner.cli.console import gave_json, safe, say, table
from miner.cli.reading import ColumnsOption, EncodingOption, StrictOption, read_options, say_passed_over


def command(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A file of records or a document, or a folder of them.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="File or new folder to write.")],
    steps: Annotated[
        str,
        typer.Option(
            help="Which, with commas: mojibake, control, html, code_fences, markdown, urls, emails, "
            "whitespace, boilerplate."
        ),
    ] = "mojibake,control,html,urls,whitespace",
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    strict: StrictOption = False,
    report: Annotated[
        Path | None, typer.Option(help="Write what changed here, with examples, as JSON.")
    ] = None,
) -> None:
    """Clean the texts of a corpus, of queries or of training rows; everything else stays as it is.

    A text of which nothing would be left is kept as it was and counted.
    """
    from miner.cleaning.files import clean
    from miner.cli.outputs import check_output

    if not source.is_dir():
        check_output(output, inputs=[source])
    check_output(report, inputs=[source])
    options = read_options(columns, encoding, strict)
    done = clean(source, output, steps=steps, options=options, report=report)
    record = done.record()
    gave_json(lambda: record)
    counts = [*record["by_step"].items(), *((f"kept: {why}", count) for why, count in record["kept"].items())]
    say(table([*counts, ("changed", done.changed), ("texts", done.texts)], header=("step", "texts")))
    for step, examples in done.examples.items():
        shown = examples[0]
        say(f"\n{step}, {safe(shown.place)}\n  - {safe(shown.before, 110)}\n  + {safe(shown.after, 110)}")
    if done.copied:
        names = ", ".join(file.name for file in done.copied[:5]) + (", ..." if len(done.copied) > 5 else "")
        say(f"\ncopied as they are: {safe(names)}")
    say_passed_over(options.notes)
    say(f"\nwrote {safe(str(output))}")
