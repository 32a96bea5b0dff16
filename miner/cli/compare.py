"""miner compare"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miner.cli.console import gave_json, safe, say, show_text, table, terminal
from miner.cli.reading import ColumnsOption, EncodingOption, read_options, say_passed_over
from miner.progress import count_of

if TYPE_CHECKING:
    from miner.comparing.contest import Contest, ContestSettings
    from miner.comparing.result import RowsComparison


def command(
    a: Annotated[Path, typer.Argument(help="Training rows in any shape of docs/formats.md; or -.")],
    b: Annotated[Path, typer.Argument(help="Other rows for the same queries.")],
    judgments: Annotated[
        Path | None, typer.Option(help="Judgments to count by, besides those beside A and B.")
    ] = None,
    index: Annotated[
        str | None, typer.Option(help="Estimate by this index which negatives of either file answer.")
    ] = None,
    calibration: Annotated[Path | None, typer.Option(help="Of the index, from `miner calibrate`.")] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="Encoder that measures hardness; 'receipts' encodes nothing. [default: the index's, else bundled]"
        ),
    ] = None,
    sample: Annotated[int, typer.Option(min=0, help="Queries to encode at most; 0 for all.")] = 1000,
    train: Annotated[
        bool, typer.Option("--train", help="Also train a model on either file, and judge both.")
    ] = False,
    base: Annotated[
        str | None, typer.Option(help="Model that --train begins with. [default: bundled]")
    ] = None,
    arch: Annotated[str | None, typer.Option(help="For --train, as for train.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="For --train: times, each with others held out.")] = 3,
    rows: Annotated[int, typer.Option(min=1, help="For --train: queries at most, drawn.")] = 400,
    epochs: Annotated[int | None, typer.Option(help="For --train, as for train.")] = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
) -> None:
    """Put two files of negatives for the same queries side by side; with --train tell which trains better."""
    from contextlib import ExitStack

    from miner.cli.outputs import given_input
    from miner.comparing.compare import compare
    from miner.progress import Clock

    options = read_options(columns, encoding)
    asked = _training(base, arch, epochs, seeds, rows) if train else None
    with ExitStack() as stack:
        found = compare(
            stack.enter_context(given_input(a)),
            stack.enter_context(given_input(b)),
            judgments=judgments,
            index=index,
            calibration=calibration,
            model=model,
            train=asked,
            sample=sample,
            options=options,
            clock=Clock(terminal()),
            tell=say,
        )
        say_passed_over(options.notes)
        if not gave_json(found.record):
            _show(found)
    if found.contest is not None:
        say(verdict(found.contest))


def _training(
    base: str | None, arch: str | None, epochs: int | None, seeds: int, rows: int
) -> ContestSettings:
    from miner.comparing.contest import ContestSettings
    from miner.training.plan import TrainSettings

    return ContestSettings(TrainSettings(model=base, arch=arch, epochs=epochs), seeds, rows)


def _show(found: RowsComparison) -> None:
    from miner.comparing.result import TABLE_HEADER

    say(f"A is {safe(found.a.name)}, B is {safe(found.b.name)}; figures are means over the queries of both")
    if found.measured < found.queries.both:
        say(
            f"what needs vectors was taken of {found.measured:,} of {found.queries.both:,} queries (--sample)"
        )
    show_text(table(found.table(), TABLE_HEADER))
    if not {figure.key for figure in found.figures} & {"estimated_by_receipts", "estimated_by_index"}:
        say("how many negatives answer after all is estimated for both files with --index INDEX")
    if found.contest is not None:
        between = found.contest.between
        say(f"\n{_settings(found.contest)}")
        untouched = found.contest.from_untouched[0].base
        lines = [
            (name, f"{before:.3f}", a, b, change)
            for (name, a, b, change, _), before in zip(between.table(), untouched, strict=True)
        ]
        show_text("\n" + table(lines, ("", "untouched", "trained on A", "on B", "B - A (95 % interval)")))


def _settings(contest: Contest) -> str:
    between = contest.between
    return (
        f"trained with {count_of(len(contest.seeds), 'seed')} on up to {count_of(contest.rows, 'query')}, "
        f"{count_of(contest.steps, 'step')}, and judged on {count_of(between.queries, 'held-out query')} in "
        f"{count_of(between.clusters, 'independent group')}, each among {between.documents:.0f} passages"
    )


def verdict(contest: Contest) -> str:
    """Which file trains better, in a sentence."""
    change = contest.between.primary
    if contest.better is None:
        half = (change.high - change.low) / 2
        unseen = f"a difference below {half:.3f} is not seen"
        return f"no difference shown: nDCG@10 of B less that of A is {change}; {unseen}"
    better = contest.better.upper()
    text = f"{better} trains better: nDCG@10 of B less that of A is {change}"
    against = contest.from_untouched["ab".index(contest.better)].primary
    if against.verdict == "gain":
        return text
    return f"{text}; against the untouched model {better} shows {against.verdict} ({against})"
