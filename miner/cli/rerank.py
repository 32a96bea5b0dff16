"""miner rerank"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from miner.cli.console import show_json


def command(
    model: Annotated[str, typer.Argument(help="Folder that `miner train` wrote, or any model.")],
    file: Annotated[
        Path, typer.Argument(help='Lines of {"query", "documents": [...]}; - is standard input.')
    ] = Path("-"),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write to; stdout without it.")
    ] = None,
    top_n: Annotated[int | None, typer.Option(min=1, help="Documents to keep for each query.")] = None,
    max_length: Annotated[int | None, typer.Option(min=8, help="Tokens; the model's own without it.")] = None,
) -> None:
    """Rank documents for queries, best first."""
    from miner.cli.outputs import check_output, is_standard, standard_input
    from miner.reranking.rerank import rerank
    from miner.storage import files

    check_output(output, inputs=[file])
    results = rerank(model, standard_input(file), top_n=top_n, max_length=max_length)
    if output is not None and not is_standard(output):
        files.write_jsonl(output, results)
        return
    for result in results:
        show_json(result, indent=False)
