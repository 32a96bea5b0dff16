"""miner split"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miner.cli.console import gave_json, safe, say
from miner.cli.reading import ColumnsOption, EncodingOption, read_options, say_passed_over
from miner.progress import count_of

if TYPE_CHECKING:
    from miner.splitting import Split

SHOWN = 3


def command(
    file: Annotated[
        Path,
        typer.Argument(
            help="Rows in any shape of docs/formats.md, or -; receipts and run record beside them are split too."
        ),
    ],
    fraction: Annotated[float, typer.Option("--eval-fraction", help="Of the queries, for evaluation.")] = 0.2,
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write to. [default: beside FILE]")
    ] = None,
    near: Annotated[
        float, typer.Option(help="Cosine from which queries are near-paraphrases; 0 looks for none.")
    ] = 0.85,
    model: Annotated[
        str | None,
        typer.Option(
            help="Encoder for near-paraphrases, e.g. 'hashing' for shared words. [default: bundled]"
        ),
    ] = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    seed: Annotated[int, typer.Option(help="Draws the evaluation side.", min=0)] = 0,
    small: Annotated[
        bool, typer.Option("--small", help="Allow fewer than 256 training and 64 evaluation queries.")
    ] = False,
) -> None:
    """Write FILE.train.jsonl and FILE.eval.jsonl that share no query, near-paraphrase or relevant passage."""
    from miner.cli.outputs import given_input, is_standard
    from miner.splitting.split import split

    options = read_options(columns, encoding)
    with given_input(file) as given:
        done = split(
            given,
            fraction=fraction,
            output=folder or (Path() if is_standard(file) else None),
            near=near,
            model=model,
            seed=seed,
            small=small,
            options=options,
        )
    say_passed_over(options.notes)
    gave_json(done.record)
    _tell(done)


def _tell(split: Split) -> None:
    ties = f"{split.tied_by_passage:,} tied by relevant passages, {split.tied_by_paraphrase:,} by paraphrase"
    say(f"{count_of(split.components, 'group')} of queries ({ties}), the largest of {split.largest:,}")
    for side in (split.train, split.evaluation):
        say(f"wrote {safe(str(side.file))}: {count_of(side.rows, 'row')}, {count_of(side.queries, 'query')}")
    for side, other in ((split.train, "evaluation"), (split.evaluation, "training")):
        if side.crossing:
            name = safe(side.file.name)
            one, several = (
                f"hard negative{each} relevant passage" for each in (f" in {name} is a", f"s in {name} are")
            )
            say(f"warning: {count_of(side.crossing, one, f'{several}s')} of {other}")
    for crossing in split.crossing[:SHOWN]:
        say(f"  line {crossing['line']} ({crossing['side']}): {safe(crossing['text'], 100)}")
