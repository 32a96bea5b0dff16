"""miner mine"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from miner.cli.console import Terminal, say, table

if TYPE_CHECKING:
    from miner.mined import Mined


def command(
    queries: Annotated[Path, typer.Argument(help="JSONL, CSV or parquet with queries, or a BEIR folder.")],
    index: Annotated[
        Path | None, typer.Option(help="Index folder; default: the only one in indexes/.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Default: QUERIES.mined.jsonl, here.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Hard negatives a query.")] = 5,
    filter: Annotated[
        list[str] | None,
        typer.Option(help="As 'margin(relative=0.05)'; repeat it; replaces the default filters."),
    ] = None,
    select: Annotated[str, typer.Option(help="top(), sample(...) or diverse(...).")] = "top()",
    depth: Annotated[int, typer.Option(min=1, help="Candidates looked at first; widened if too few.")] = 100,
    emit: Annotated[str, typer.Option(help="What is written of a passage: text or title-text.")] = "text",
    min_grade: Annotated[
        float | None, typer.Option(help="Least score of a relevant passage in qrels.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Which qrels/SPLIT.tsv of a BEIR folder.")] = None,
    seed: Annotated[int, typer.Option(help="Seeds selectors that draw.")] = 0,
) -> None:
    """Mine hard negatives for queries: Cohere JSONL, with receipts and a run record beside it."""
    from miner.files import check_writable
    from miner.filters import parse_filter
    from miner.index import default_index, open_index
    from miner.mining import Recipe, mine
    from miner.progress import Clock
    from miner.queries import read_queries
    from miner.select import parse_selector

    chosen = {"filters": tuple(parse_filter(text) for text in filter)} if filter else {}
    recipe = Recipe(n=n, select=parse_selector(select), depth=max(depth, n), seed=seed, emit=emit, **chosen)
    output = output or Path(
        f"{queries.name.removesuffix('.gz').removesuffix('.jsonl') or 'queries'}.mined.jsonl"
    )
    check_writable(output)
    clock = Clock(Terminal())
    opened = open_index(index or default_index(Path("indexes")))
    options = {"min_grade": min_grade} if min_grade is not None else {}
    mined = mine(read_queries(queries, split=split, **options), opened, recipe, clock=clock)
    arguments = {"queries": str(queries), "index": str(opened.path), "output": str(output), **_spelt(recipe)}
    record = mined.write(output, arguments)
    say(summary(mined, record))
    say(f"\nwrote {output}")


def _spelt(recipe: Any) -> dict[str, Any]:
    return {
        "n": recipe.n,
        "filter": [repr(each) for each in recipe.filters],
        "select": repr(recipe.select),
        "depth": recipe.depth,
        "emit": recipe.emit,
        "seed": recipe.seed,
    }


def summary(mined: Mined, record: dict[str, Any]) -> str:
    """The small table at the end: rows, what each filter removed, time by stage."""
    counts = record["counts"]
    lines = [(name, f"{counts[name.replace(' ', '_')]:,}") for name in ("rows", "negatives", "short rows")]
    lines += [("candidates", f"{counts['candidates']:,}"), ("  kept", f"{counts['kept']:,}")]
    lines += [(f"  {name}", f"{count:,}") for name, count in counts["rejected"].items()]
    stages = [
        (stage["stage"], f"{stage['seconds']:.2f} s", f"{stage['peak_memory_bytes'] / 2**20:,.0f} MiB")
        for stage in record["stages"]
    ]
    text = f"{table(lines)}\n\n{table(stages, ('stage', 'time', 'peak memory'))}"
    if counts["short_rows"]:
        most = max(counts["short_rows_rejected"].items(), key=lambda item: item[1], default=("the corpus", 0))
        text += (
            f"\n\n{counts['short_rows']:,} rows have fewer than {mined.recipe.n} negatives: the whole corpus was "
            f"searched, and {most[0]} removed most of it"
        )
    return text
