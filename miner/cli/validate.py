"""miner validate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from miner.cli.console import gave_json, safe, say, show_text, terminal
from miner.cli.judges import JudgmentsOption, judgments_for
from miner.cli.reading import ColumnsOption, EncodingOption, read_options, say_passed_over
from miner.progress import count_of

if TYPE_CHECKING:
    from miner.validating import Preflight

WIDTH = 1000


def command(
    file: Annotated[
        Path, typer.Argument(help="Training rows: Cohere's JSONL, or any shape of docs/formats.md; or -.")
    ],
    evaluation: Annotated[Path | None, typer.Option("--eval", help="Evaluation rows, as FILE.")] = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    cap: Annotated[
        int, typer.Option("--cap", help="Findings listed of each rule; all are counted.", min=1)
    ] = 100,
    max_tokens: Annotated[
        int, typer.Option(help="Room for query and passage; 0 does not count tokens.", min=0)
    ] = 510,
    model: Annotated[
        str | None, typer.Option(help="Whose tokenizer counts: a folder or hub name. [default: bundled]")
    ] = None,
    fix: Annotated[
        Path | None, typer.Option(help="Write a copy of FILE here without blank and repeated negatives.")
    ] = None,
    fix_overlap: Annotated[
        bool, typer.Option("--fix-overlap", help="Also take relevant passages out of the negatives.")
    ] = False,
    judgments: JudgmentsOption = None,
) -> None:
    """Check a file against Cohere's rules for rerank fine-tuning. Exit code 1 if there are errors.

    Findings go to stdout, numbers to stderr. FILE is never changed.
    """
    from contextlib import ExitStack

    from miner.cli.outputs import check_output
    from miner.cli.rows import cohere_rows
    from miner.progress import Clock
    from miner.validating import validate

    check_output(fix, inputs=[file, evaluation, judgments_for(judgments, file)])
    options = read_options(columns, encoding)
    with ExitStack() as stack:
        found = validate(
            stack.enter_context(cohere_rows(file, options)),
            stack.enter_context(cohere_rows(evaluation, options)) if evaluation else None,
            max_tokens=max_tokens or None,
            model=model,
            cap=cap,
            fix=fix,
            fix_overlap=fix_overlap,
            judgments=judgments_for(judgments, file),
            clock=Clock(terminal()),
        )
    _print(found)
    for numbers in found.files:
        say(_preview(numbers))
    say(f"{count_of(found.errors, 'error')}, {count_of(found.warnings, 'warning')}")
    mended = 0
    if (fixed := found.fixed) is not None:
        mended = fixed.overlapping
        say(
            f"wrote {safe(str(fix))}: {count_of(fixed.rows, 'row')} changed, took out {fixed.blank} blank,"
            f" {fixed.repeated} repeated and {fixed.overlapping} overlapping negatives"
        )
    say_passed_over(options.notes)
    if found.errors > mended:
        raise SystemExit(1)


def _print(found: Preflight) -> None:
    if gave_json(found.record):
        return
    for finding in found.findings:
        line = f"{safe(finding.place)}: {finding.severity} [{finding.rule}] {safe(finding.message, WIDTH)}"
        show_text(line)
    for (file, rule), count in found.counts.items():
        listed = sum(finding.file == file and finding.rule == rule for finding in found.findings)
        if listed < count:
            show_text(f"{safe(file)}: {count - listed} more [{rule}], {count} in all")


def _preview(numbers: dict[str, Any]) -> str:
    """Cohere's preview numbers of a file in a line, and what is cut of its passages in another."""
    queries = f"{count_of(numbers['queries'], 'query')} ({numbers['unique_queries']:,} unique)"
    relevant, negatives = numbers["average_relevant_passages"], numbers["average_hard_negatives"]
    text = f"{safe(numbers['file'])}: {queries}, {relevant:.2f} relevant passages and {negatives:.2f} hard"
    return f"{text} negatives a query{_cut(numbers)}"


def _cut(numbers: dict[str, Any]) -> str:
    lengths = numbers.get("lengths")
    if not lengths or not lengths["rows_cut"]:
        return ""
    share = f"{lengths['rows_cut'] / numbers['queries']:.1%}"
    if lengths["estimated"]:
        share += f", estimated from a sample of {lengths['rows_counted']:,}"
    rows = f"{count_of(lengths['rows_cut'], 'row')} ({share})"
    lost = f"{lengths['share_of_their_tokens_cut']:.0%} of those passages is cut"
    return f"\n{rows} with passages over {lengths['limit']} tokens with their query; {lost}"
