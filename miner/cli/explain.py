"""miner explain"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miner.cli.console import safe, show_json, show_text, table
from miner.cli.judges import JudgmentsOption, known_judgments

if TYPE_CHECKING:
    from collections.abc import Callable

    from miner.data import Int64, Query
    from miner.mining.explain import Explanation


def command(
    query: Annotated[str, typer.Argument(help="A query's text; one of --queries, or with --relevant.")],
    queries: Annotated[Path | None, typer.Option(help="The file or BEIR folder that has the query.")] = None,
    relevant: Annotated[
        list[str] | None, typer.Option(help="Id or text of a passage that answers it; repeat it.")
    ] = None,
    index: Annotated[str | None, typer.Option(help="Default: the only one in indexes/.")] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Hard negatives.")] = 5,
    max_risk: Annotated[float | None, typer.Option(help="As for mine.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="As for mine.")] = None,
    filter: Annotated[list[str] | None, typer.Option(help="As for mine.")] = None,
    select: Annotated[str, typer.Option(help="As for mine.")] = "below()",
    depth: Annotated[int, typer.Option(min=1, help="Candidates looked at.")] = 100,
    judgments: JudgmentsOption = None,
    show: Annotated[int, typer.Option(min=1, help="Lines of the table.")] = 30,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Show one query's candidates in order, with scores, risk and its parts, and why each was dropped."""
    from dataclasses import replace

    from miner.cli.recipes import calibration_of, open_indexes, recipe_of
    from miner.mining.explain import explain

    (opened,) = open_indexes([index] if index else None)
    recipe = recipe_of(n, filter, max_risk, select, depth)
    if known := calibration_of(calibration, opened):
        recipe = recipe.calibrated(known)
    if judgments or queries:
        recipe = replace(recipe, judgments=known_judgments(judgments, queries or Path()))
    explanation = explain(_find(query, queries, relevant or [], opened.rows_of_ids), opened, recipe)
    if json:
        show_json(explanation.record())
    else:
        show_text(render(explanation, show))


def _find(
    query: str, queries: Path | None, relevant: list[str], rows_of_ids: Callable[[list[str]], Int64]
) -> Query:
    from miner.corpus.queries import read_queries
    from miner.data import Query
    from miner.errors import ConfigError

    if queries is not None:
        for each in read_queries(queries):
            if each.text == query:
                return each
        raise ConfigError(f"{queries}: has no query {safe(query, 80)!r}")
    if not relevant:
        raise ConfigError(
            "a query needs what answers it: name the file that has it with --queries, or --relevant"
        )
    known = rows_of_ids(relevant) >= 0
    ids = tuple(each for each, is_id in zip(relevant, known, strict=True) if is_id)
    return Query(query, tuple(each for each in relevant if each not in ids), ids)


def render(explanation: Explanation, show: int) -> str:
    """The explanation as tables for a terminal."""
    relevant = [
        (f"{score:.3f}", safe(id or "", 40), safe(text, 80)) for id, text, score in explanation.relevant
    ]
    parts = list(explanation.candidates[0].parts) if explanation.candidates else []
    rows = [
        (
            each.rank,
            f"{each.similarity:.3f}",
            f"{each.to_relevant:.3f}",
            "" if each.risk is None else f"{each.risk:.3f}",
            *(f"{each.parts[part]:+.2f}" for part in parts),
            safe(each.verdict, 40),
            safe(each.id, 40),
            safe(each.text, 60),
        )
        for each in explanation.candidates[:show]
    ]
    header = ("rank", "query", "relevant", "risk", *parts, "verdict", "id", "text")
    left = len(explanation.candidates) - len(rows)
    more = f"\n{left:,} more candidates; --show shows more, --json all" if left > 0 else ""
    return (
        f"query: {safe(explanation.query)}\n\n{table(relevant, ('similarity', 'relevant passage', 'text'))}\n\n"
        f"{table(rows, header)}{more}"
    )
