"""miner calibrate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miner.cli.console import gave_json, say, show_text, table, terminal, word
from miner.cli.judges import JudgmentsOption, YesOption, consent, judgments_for, known_judgments
from miner.cli.reading import ColumnsOption, EncodingOption, StrictOption, read_options, say_passed_over
from miner.progress import count_of

if TYPE_CHECKING:
    from miner.calibrating.calibration import Calibration
    from miner.calibrating.rates import Rate


def command(
    queries: Annotated[
        Path, typer.Argument(help="Queries with what answers them, in any shape of docs/formats.md; or -.")
    ],
    index: Annotated[str | None, typer.Option(help="Default: the only one in indexes/.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="A plot goes beside it, as SVG.")] = Path(
        "calibration.json"
    ),
    n: Annotated[int, typer.Option("-n", min=1, help="Hard negatives a query that will be mined.")] = 5,
    by: Annotated[
        str,
        typer.Option(
            help="What to go by: hidden relevant passages, judgments of candidates (--judgments), or both."
        ),
    ] = "hidden",
    prior: Annotated[
        float | None,
        typer.Option(help="Unlabelled relevant passages expected a query, where too few queries have two."),
    ] = None,
    min_grade: Annotated[float, typer.Option(help="Least score of a relevant passage in qrels.")] = 0.0,
    split: Annotated[str | None, typer.Option(help="Which qrels/SPLIT.tsv of a BEIR folder.")] = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    strict: StrictOption = False,
    seed: Annotated[int, typer.Option(help="Draws which passage of a query is shown.")] = 0,
    encoder: Annotated[str | None, typer.Option(help="As for mine.")] = None,
    judgments: JudgmentsOption = None,
    yes: YesOption = False,
) -> None:
    """Fit the risk to a corpus by hiding relevant passages or by judgments; measure what mining lets through."""
    from miner.calibrating.calibrate import calibrate
    from miner.cli.outputs import check_output, given_input
    from miner.corpus.queries import read_queries
    from miner.index import default_index, open_index
    from miner.mining.relevant import known_queries
    from miner.progress import Clock

    read = [queries, judgments_for(judgments, queries)]
    check_output(output, inputs=read, indexes=[index] if index else ())
    opened = open_index(index or default_index(Path("indexes")))
    options = read_options(columns, encoding, strict)
    with given_input(queries) as source:
        asked = read_queries(source, split=split, min_grade=min_grade, options=options)
    known = known_judgments(judgments, queries)
    shown = known_queries(asked, opened, options.notes)
    with consent(yes):
        calibration = calibrate(
            shown,
            opened,
            n=n,
            by=by,
            judgments=known,
            prior=prior,
            seed=seed,
            encoder=encoder,
            clock=Clock(terminal()),
        )
    say_passed_over(options.notes)
    calibration.write(output)
    if not gave_json(calibration.record):
        show_text(render(calibration))
    say(f"\nwrote {output}; use it as: miner mine QUERIES --calibration {word(output)}")
    if calibration.curve:
        _draw(calibration, output.with_suffix(".svg"))


def render(calibration: Calibration) -> str:
    """How it was fitted, estimated against observed, and what each cap means, as tables."""
    head = f"fitted by {calibration.method} on {count_of(calibration.queries, 'query')}"
    if not calibration.curve:
        return f"{head}; no leak was measured, so a cap is a cap on the estimate"
    bins = [
        (f"{each.estimated:.3f}", f"{each.observed.rate:.3f}", _interval(each.observed), each.observed.count)
        for each in calibration.reliability
    ]
    hidden = calibration.by == "hidden"
    wrong = "were hidden relevant\npassages" if hidden else "answer, by\nthe judgments of some of them"
    return (
        f"{head}, {calibration.events:,} {'hidden relevant passages found' if hidden else 'judged to answer'}\n\n"
        f"{table(bins, ('estimated', 'observed', '95 % interval', 'candidates'))}\n\n"
        f"{table(_caps(calibration), ('--max-risk', 'wrong', 'promised', 'slots filled', 'estimate at most'))}\n\n"
        f"wrong: the share of negatives, on queries that the fit had not seen, that {wrong}; "
        "promised: a 95 % interval for as many further queries"
    )


def _caps(calibration: Calibration) -> list[tuple[str, ...]]:
    from miner.calibrating.calibration import CAPS
    from miner.errors import MinerError

    lines: list[tuple[str, ...]] = []
    for cap in CAPS:
        try:
            point, threshold = calibration.promise(cap), calibration.threshold(cap)
        except MinerError:
            lines.append((f"{cap:g}", "cannot be had here", "", "", ""))
            continue
        lines.append(
            (
                f"{cap:g}",
                f"{point.leak.rate:.3f}",
                _interval(point.leak),
                f"{point.fill:.1%}",
                f"{threshold:.4f}",
            )
        )
    return lines


def _interval(rate: Rate) -> str:
    return f"{rate.low:.3f} to {rate.high:.3f}"


def _draw(calibration: Calibration, path: Path) -> None:
    from miner.calibrating.plot import plot
    from miner.errors import MissingExtra
    from miner.storage.files import write_bytes

    try:
        write_bytes(path, plot(calibration).encode())
    except MissingExtra as missing:
        say(f"no plot: {missing}")
    else:
        say(f"wrote {path}")
