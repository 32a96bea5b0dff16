"""miner review"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miner.cli.console import safe, say, word
from miner.cli.reading import ColumnsOption, EncodingOption, read_options, say_passed_over
from miner.progress import count_of

if TYPE_CHECKING:
    from miner.reviewing import ReviewServer


def command(
    mined: Annotated[
        Path, typer.Argument(help="Mined rows, receipts beside them used; or any shape of docs/formats.md.")
    ],
    k: Annotated[int, typer.Option("-k", min=0, help="Negatives to decide on; 0 for all.")] = 100,
    seed: Annotated[int, typer.Option(help="Seeds the draw, as for audit.")] = 0,
    doubtful: Annotated[
        bool, typer.Option("--doubtful", help="The most doubtful first, in place of the audit's draw.")
    ] = False,
    judgments: Annotated[
        Path | None, typer.Option(help="Where decisions go. [default: FILE.judgments.jsonl, as for audit]")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
) -> None:
    """Decide on negatives in a page of your own browser: y, n, u and arrows. Every key is saved at once.

    The page is served to this machine only, until Ctrl-C; its address on stdout holds a secret. Decisions are
    those of `miner audit`, and go into mining with --judgments. The page exports the corrected rows as Cohere's JSONL.
    """
    from miner.cli.outputs import is_standard
    from miner.cli.rows import cohere_rows
    from miner.errors import ConfigError
    from miner.reviewing import review

    if is_standard(mined) and judgments is None:
        raise ConfigError("decisions on standard input have no file to lie beside; expected --judgments FILE")
    reading = read_options(columns, encoding)
    with cohere_rows(mined, reading) as rows:
        say_passed_over(reading.notes)
        queue = review(
            mined,
            k=k,
            seed=seed,
            doubtful=doubtful,
            judgments=judgments,
            port=port,
            browser=browser,
            ready=_ready,
            rows=rows,
        )
        state = queue.state()
    say(f"{state['answered']:,} of {len(queue):,} decided; miner audit {word(mined)} tells the rate")


def _ready(server: ReviewServer) -> None:
    typer.echo(server.address)
    path = safe(str(server.queue.store.path))
    say(f"{count_of(len(server.queue), 'negative')} to decide on; decisions go to {path}; Ctrl-C ends")
