"""miner evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from miner.cli.console import Terminal, say, show_json, show_text, table

if TYPE_CHECKING:
    from miner.progress import Clock


def command(
    model: Annotated[Path, typer.Argument(help="Folder that `miner train` wrote, or any model folder.")],
    file: Annotated[Path, typer.Argument(help="Held-out Cohere rows (JSONL).")],
    index: Annotated[
        str | None, typer.Option(help="Choose among the nearest passages of this index, not the negatives.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many passages of the index.")] = 50,
    base: Annotated[
        str | None, typer.Option(help="Model to compare with. Default: what MODEL was trained from.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the record as JSON.")] = False,
) -> None:
    """Judge a reranker against its base model, at the same length, on rows it has not seen."""
    from miner.progress import Clock
    from miner.reranking import load_reranker
    from miner.reranking.evaluate import TABLE_HEADER, evaluate
    from miner.reranking.store import base_of

    clock = Clock(Terminal())
    tuned = load_reranker(model)
    before = load_reranker(base or base_of(model), tuned.max_length)
    tasks = _tasks(file, index, top, clock)
    comparison = evaluate(tasks, tuned, before, seed, clock)
    if json:
        show_json(comparison.record())
        return
    say(
        f"{comparison.queries} queries in {comparison.clusters} independent groups, "
        f"{comparison.documents:.1f} documents a query, both models cut at {tuned.max_length} tokens"
    )
    show_text(table(comparison.table(), TABLE_HEADER))


def _tasks(file: Path, index: str | None, top: int, clock: Clock) -> list[Any]:
    from miner.reranking.tasks import load_rows, tasks_of, tasks_on

    rows = load_rows(file)
    if index is not None:
        from miner.index import open_index

        return list(tasks_on(rows, open_index(index), top, clock))
    tasks = tasks_of(rows)
    if left_out := len(rows) - len(tasks):
        say(f"{left_out} rows have no hard negatives and are left out")
    return list(tasks)
