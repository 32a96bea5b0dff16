"""miner train"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from miner.cli.console import gave_json, say, show_text, table, terminal, word
from miner.cli.reading import ColumnsOption, EncodingOption, read_options
from miner.progress import count_of


def command(
    file: Annotated[
        Path, typer.Argument(help="Rows to train on: Cohere's JSONL, or any shape of docs/formats.md.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write the model to.")],
    eval_file: Annotated[
        Path | None, typer.Option("--eval", help="Rows to judge by; without it a fifth of FILE is held out.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model to start from: folder or name. Default: the bundled encoder.")
    ] = None,
    arch: Annotated[
        str | None, typer.Option(help="bi: an encoder; cross: a cross-encoder. Default: what the model is.")
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            help="For bi: in-batch or own negatives; kl or margin-mse on a teacher's scores. Default: what suits."
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Times over the rows. Default: 2 or 3.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Default: 5e-5, or 3e-5 for own.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Rows a step. Default: 16, or 8 for own.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Tokens. Default: what the data needs.")] = None,
    random_negatives: Annotated[
        int | None,
        typer.Option(
            help="Passages of other rows beside the negatives of each. Default: 2 for a cross-encoder begun from an "
            "encoder, else none."
        ),
    ] = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    seed: Annotated[int, typer.Option(help="Same seed, same model.")] = 0,
    patience: Annotated[
        int, typer.Option(min=0, help="End after so many evaluations without a gain; 0 goes to the end.")
    ] = 4,
) -> None:
    """Fine-tune a reranker and judge it against its base model.

    A run that was killed goes on when the same command is given again; Ctrl-C leaves a checkpoint.
    """
    from miner.progress import Clock
    from miner.reranking.evaluate import TABLE_HEADER
    from miner.training.plan import TrainSettings
    from miner.training.train import train

    settings = TrainSettings(
        model, arch, loss, epochs, learning_rate, batch_size, max_length, random_negatives, seed, patience
    )
    options = read_options(columns, encoding)
    training = train(file, output, eval_file, settings, Clock(terminal()), tell=say, options=options)
    judged = training.comparison
    say(f"judged on {count_of(judged.queries, 'row')} in {count_of(judged.clusters, 'independent group')}")
    if not gave_json(training.record):
        show_text(table(training.comparison.table(), TABLE_HEADER))
    for sentence in training.sentences():
        say(sentence)
    say(f"wrote {output}; next: miner rerank {word(output)} REQUESTS")
