"""miner audit"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miner.cli.console import gave_json, safe, say, show_text
from miner.cli.judges import JudgeOption, YesOption, consent, judgments_beside, panel_of
from miner.cli.reading import ColumnsOption, EncodingOption, read_options, say_passed_over
from miner.progress import count_of

if TYPE_CHECKING:
    from miner.judgments import JudgmentStore, Pair


def command(
    mined: Annotated[Path, typer.Argument(help="Mined rows, JSONL; receipts beside them are used.")],
    k: Annotated[int, typer.Option("-k", min=0, help="Negatives to judge; 0 for all.")] = 100,
    seed: Annotated[int, typer.Option(help="Seeds the draw.")] = 0,
    judgments: Annotated[
        Path | None, typer.Option(help="Take answers from this JSONL or qrels-like TSV file; asks nobody.")
    ] = None,
    complete: Annotated[
        bool,
        typer.Option("--complete", help="What --judgments does not name of a query that it knows is a no."),
    ] = False,
    judge: JudgeOption = None,
    judged: Annotated[
        int, typer.Option(min=1, help="Negatives that --judge judges; people's answers are among them.")
    ] = 1000,
    yes: YesOption = False,
    target: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Wanted rate: tells the cap that would reach it.")
    ] = None,
    merge: Annotated[
        Path | None, typer.Option(help="Instead: add the false negatives found to these queries, JSONL.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where --merge writes.")] = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
) -> None:
    """Measure what share of mined negatives is wrong. Asks you in the terminal; continues where you stopped.

    Answers are kept in FILE.judgments.jsonl, confirmed false negatives in FILE.suggested_positives.jsonl.
    """
    from miner.cli.audit_text import render
    from miner.cli.outputs import check_output
    from miner.cli.rows import cohere_rows
    from miner.errors import ConfigError
    from miner.judging.audit import audit

    if (merge is None) != (output is None):
        raise ConfigError("--merge QUERIES and -o NEW_QUERIES go together; found one without the other")
    if complete and judgments is None:
        raise ConfigError("--complete says that a file names all that answers; expected --judgments FILE")
    if judgments is not None and judge:
        raise ConfigError("answers come from --judgments or from --judge; found both")
    check_output(output, inputs=[mined, merge, judgments])
    if merge is not None and output is not None:
        _merge(mined, merge, output)
        return
    reading = read_options(columns, encoding)
    panel = panel_of(judge, judgments_beside(mined)) if judge else None
    with cohere_rows(mined, reading) as rows, consent(yes):
        found = audit(
            mined,
            k=k,
            seed=seed,
            judgments=judgments,
            complete=complete,
            panel=panel,
            judged=judged,
            ask=_ask if sys.stdin.isatty() and sys.stderr.isatty() else None,
            rows=rows,
        )
    say_passed_over(reading.notes)
    if judgments is not None and not complete and not found.total("no") and found.total("unanswered"):
        say(
            f"{safe(str(judgments))} names no passage that does not answer; if it names all that do: --complete"
        )
    if panel is None:
        _tell_suggested(mined)
    if not gave_json(lambda: found.record(target)):
        show_text(render(found, target))


def _ask(pairs: Sequence[Pair], store: JudgmentStore) -> None:
    from miner.auditing.interview import interview
    from miner.cli.interview_terminal import TerminalInterview

    with TerminalInterview() as terminal:
        interview(pairs, store, terminal.ask)


def _tell_suggested(mined: Path) -> None:
    from miner.auditing.suggest import SUGGESTED
    from miner.formats.cohere import companion

    path = companion(mined, SUGGESTED)
    if path.is_file():
        count = path.read_bytes().count(b"\n")
        say(f"{safe(str(path))}: {count_of(count, 'confirmed false negative')}")


def _merge(mined: Path, queries: Path, output: Path) -> None:
    from miner.auditing.suggest import SUGGESTED, merge
    from miner.formats.cohere import companion

    merged = merge(queries, companion(mined, SUGGESTED), output)
    say(
        f"wrote {safe(str(output))}: {count_of(merged.added, 'relevant passage')} added, {merged.known:,} known before"
    )
    if merged.released:
        several = "of them were hard negatives of their query and are"
        say(
            f"{count_of(merged.released, 'of them was a hard negative of its query and is', several)} so no longer"
        )
    if merged.strange:
        say(f"{merged.strange:,} left out: {safe(str(queries))} does not have their query")
