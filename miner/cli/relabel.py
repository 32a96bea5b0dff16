"""miner relabel"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from miner.cli.console import gave_json, safe, say, table, terminal
from miner.cli.judges import (
    DryRunOption,
    JudgeOption,
    JudgmentsOption,
    YesOption,
    consent,
    judgments_beside,
    panel_of,
    show_plans,
)
from miner.cli.reading import ColumnsOption, EncodingOption, read_options, say_passed_over
from miner.progress import count_of

if TYPE_CHECKING:
    from miner.data import Row
    from miner.formats.base import Format
    from miner.judging import Panel
    from miner.judging.relabel import Relabelled

AMBIGUOUS = "ambiguous.jsonl"


def command(
    train: Annotated[Path, typer.Argument(help="Training rows with hard negatives, whoever made them.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the new rows go.")],
    judge: JudgeOption = None,
    judgments: JudgmentsOption = None,
    promote: Annotated[
        bool,
        typer.Option("--promote/--drop", help="Make what answers a relevant passage, or leave it out."),
    ] = True,
    index: Annotated[
        list[str] | None, typer.Option(help="Replace what goes by the next candidates of this index.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(help="What the index was built with; default: what the index says.")
    ] = None,
    ambiguous: Annotated[
        int, typer.Option(min=0, help="Set aside queries with more answers than this among their negatives.")
    ] = 7,
    write: Annotated[str, typer.Option("--to", help="Format of the output, as for convert.")] = "cohere",
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Judge the negatives of existing rows: what answers becomes a relevant passage, or goes.

    Receipts go beside the output, queries that are too vague to OUTPUT.ambiguous.jsonl.
    """
    from miner.cli.outputs import check_output
    from miner.errors import ConfigError
    from miner.formats import format_of
    from miner.formats.reading import read_any
    from miner.judging.relabel import relabel

    store = judgments or judgments_beside(train)
    if not judge and not store.is_file():
        raise ConfigError(f"nobody to judge {train}; expected --judge, or judgments in {store}")
    check_output(output, inputs=[train, store])
    reading = read_options(columns, encoding)
    panel = panel_of(judge or (), store)
    rows = [row for _, row in read_any(train, reading)]
    say_passed_over(reading.notes)
    if dry_run:
        show_plans(_plans(panel, rows))
        return
    fill = _fill(index, panel, encoder) if index else None
    with consent(yes):
        done = relabel(rows, panel, promote=promote, ambiguous=ambiguous, fill=fill)
    _write(done, output, format_of(write))
    for held in done.trials:
        say(held.text())
    say(summary(done))
    say(f"\nwrote {safe(str(output))}; judgments in {safe(str(store))}")
    gave_json(done.counts.record)


def _plans(panel: Panel, rows: Sequence[Row]) -> list[tuple[str, int, Any]]:
    from miner.judging import judge_name
    from miner.judgments import Pair

    pairs = [
        Pair(row.query, text, None, row.relevant_passages) for row in rows for text in row.hard_negatives
    ]
    found = []
    for judge in panel.judges:
        fresh = [pair for pair in pairs if panel.said(judge, pair) is None]
        found.append((judge_name(judge), len(fresh), judge.plan(fresh)))
    return found


def _fill(index: Sequence[str], panel: Panel, encoder: str | None) -> Any:
    from miner.cli.recipes import open_indexes
    from miner.judging.refill import Refill
    from miner.mining.recipe import Recipe
    from miner.progress import Clock

    return Refill(open_indexes(index), Recipe(), panel, encoder=encoder, clock=Clock(terminal()))


def _write(done: Relabelled, output: Path, form: Format) -> None:
    from miner.auditing.suggest import SUGGESTED, write_suggestions
    from miner.formats.base import Sourced
    from miner.formats.cohere import RECEIPTS, companion, record_of
    from miner.storage.files import write_jsonl

    write_jsonl(companion(output, RECEIPTS), done.receipts)
    form.write(output, _sourced(done, Sourced))
    aside = companion(output, AMBIGUOUS)
    if done.ambiguous:
        write_jsonl(aside, map(record_of, done.ambiguous))
    write_suggestions(companion(output, SUGGESTED), done.answers)


def _sourced(done: Relabelled, kind: Any) -> Iterator[Any]:
    return (kind(row, receipt) for row, receipt in zip(done.rows, done.receipts, strict=True))


def summary(done: Relabelled) -> str:
    """Before and after, and what was done in between."""
    counts = done.counts
    lines = [
        ("rows", f"{counts.rows:,}", f"{counts.rows_after:,}"),
        ("relevant passages", f"{counts.relevant:,}", f"{counts.relevant_after:,}"),
        ("hard negatives", f"{counts.negatives:,}", f"{counts.negatives_after:,}"),
        ("rows without negatives", "", f"{counts.without:,}"),
    ]
    judged = ", ".join(f"{count:,} {verdict}" for verdict, count in counts.pairs.most_common())
    text = f"{table(lines, ('', 'before', 'after'))}\n\nnegatives judged: {judged or 'none'}"
    text += f"\n{count_of(counts.rows_changed, 'row')} changed: {count_of(counts.promoted, 'negative')} promoted, "
    text += f"{counts.dropped:,} dropped ({counts.copies:,} as copies of what was promoted), "
    text += f"{counts.filled:,} filled in"
    if counts.ambiguous:
        text += f"\n{count_of(counts.ambiguous, 'query')} set aside as ambiguous"
    return text
