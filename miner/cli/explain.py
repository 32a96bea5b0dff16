"""miner explain"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miner.cli.console import gave_json, safe, show_text, table, terminal, terminal_width
from miner.cli.judges import JudgmentsOption, YesOption, consent, known_judgments
from miner.cli.reading import ColumnsOption, EncodingOption, read_options, say_passed_over
from miner.cli.reasons import preference, reason
from miner.progress import count_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from miner.corpus.options import ReadOptions
    from miner.data import Int64, Query
    from miner.index import Index
    from miner.mining.explain import Explanation
    from miner.mining.recipe import Recipe


def command(
    query: Annotated[str, typer.Argument(help="A query's text; one of --queries, or with --relevant.")],
    queries: Annotated[
        Path | None, typer.Option(help="What has the query: any shape of docs/formats.md.")
    ] = None,
    relevant: Annotated[
        list[str] | None, typer.Option(help="Id or text of a passage that answers it; repeat it.")
    ] = None,
    index: Annotated[
        list[str] | None, typer.Option(help="Default: the only one in indexes/. Repeat it as for mine.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Hard negatives.")] = 5,
    max_risk: Annotated[float | None, typer.Option(help="As for mine.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="As for mine.")] = None,
    filter: Annotated[list[str] | None, typer.Option(help="As for mine.")] = None,
    copies: Annotated[str, typer.Option(help="As for mine.")] = "copies()",
    select: Annotated[str | None, typer.Option(help="As for mine.")] = None,
    depth: Annotated[int, typer.Option(min=1, help="Candidates looked at.")] = 100,
    encoder: Annotated[str | None, typer.Option(help="As for mine.")] = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    judgments: JudgmentsOption = None,
    yes: YesOption = False,
    show: Annotated[int, typer.Option(min=1, help="Lines of the table.")] = 30,
    parts: Annotated[
        bool, typer.Option("--parts", help="Also what each risk is made of, in log odds.")
    ] = False,
) -> None:
    """Show one query's candidates in order, with scores and risk, and why each was chosen, kept or dropped."""
    from dataclasses import replace

    from miner.cli.recipes import calibration_of, open_indexes, recipe_of
    from miner.encoders.load import load_encoder
    from miner.mining.explain import explain
    from miner.mining.fitting import fitted
    from miner.progress import Clock

    indexes = open_indexes(index)
    opened = indexes[0]
    recipe = recipe_of(n, filter, max_risk, select, depth, copies)
    if known := calibration_of(calibration, opened):
        recipe = recipe.calibrated(known)
    if judgments or queries:
        recipe = replace(recipe, judgments=known_judgments(judgments, queries or Path()))
    if queries is not None:
        among = _known(queries, read_options(columns, encoding), opened)
        asked = _found(query, queries, among)
    else:
        asked = _given(query, relevant or [], opened.rows_of_ids)
        among = [asked]
    with consent(yes):
        own, clock = None if encoder is None else load_encoder(encoder), Clock(terminal())
        recipe = fitted(recipe, among, indexes, own, clock)
        explanation = explain(asked, indexes, recipe, encoder=own, clock=clock)
    if not gave_json(explanation.record):
        show_text(render(explanation, recipe, show, parts))


def _known(queries: Path, options: ReadOptions, index: Index) -> list[Query]:
    """The queries of a file whose relevant passages are known; what is passed over is said."""
    from miner.corpus.queries import read_queries
    from miner.mining.relevant import known_queries

    found = list(known_queries(read_queries(queries, options=options), index, options.notes))
    say_passed_over(options.notes)
    return found


def _found(query: str, queries: Path, among: Sequence[Query]) -> Query:
    """That of this text, or one that reads the same."""
    from miner.corpus.queries import query_key
    from miner.errors import ConfigError

    alike = [each for each in among if query_key(each.text) == query_key(query)]
    if not alike:
        raise ConfigError(f"{queries}: has no query {safe(query, 80)!r}")
    return next((each for each in alike if each.text == query), alike[0])


def _given(query: str, relevant: list[str], rows_of_ids: Callable[[list[str]], Int64]) -> Query:
    """The query with the passages named, by id where the index knows it."""
    from miner.data import Query
    from miner.errors import ConfigError

    if not relevant:
        raise ConfigError(
            "a query needs what answers it: name the file that has it with --queries, or --relevant"
        )
    known = rows_of_ids(relevant) >= 0
    ids = tuple(each for each, is_id in zip(relevant, known, strict=True) if is_id)
    return Query(query, tuple(each for each in relevant if each not in ids), ids)


LEGEND = (
    ("query", "cosine to the query"),
    ("relevant", "the highest cosine to a relevant passage"),
    ("risk", "estimated probability that it answers after all: trust the order more than the size"),
)
BY_INDEX = "by what each index sees, in the order given; risk is their mean in log odds"
ALIKE = {
    "covers": "how much of a relevant passage stands in it too, weighed by how rare that is",
    "differs in": "what makes it a contrast and no copy of that passage",
}
ALIKE_FROM = 0.1
"""Share of a relevant passage from which on it is told what a candidate has of it."""
UNCUT = 80
"""Characters of a text where the width of no terminal limits it."""


def render(explanation: Explanation, recipe: Recipe, show: int, with_parts: bool = False) -> str:
    """The explanation as tables for a terminal: the first `show` candidates and those chosen further down, ids
    uncut, and what its words mean."""
    width = terminal_width()
    relevant = [
        (f"{score:.3f}", safe(id or ""), safe(text, None if width else UNCUT))
        for id, text, score in explanation.relevant
    ]
    shown = [each for each in explanation.candidates if each.rank <= show or each.verdict == "chosen"]
    parts = list(shown[0].parts) if with_parts and shown else []
    several = [f"risk {place}" for place in range(1, len(shown[0].risks) + 1)] if shown else []
    alike = any(each.cover >= ALIKE_FROM for each in shown)
    rows = [
        (
            each.rank,
            f"{each.similarity:.3f}",
            f"{each.to_relevant:.3f}",
            "" if each.risk is None else f"{each.risk:.3f}",
            *(f"{risk:.3f}" for risk in each.risks),
            *(f"{each.parts[part]:+.2f}" for part in parts),
            safe(each.verdict),
            *((f"{each.cover:.0%}", safe(each.differs[0], UNCUT) if each.differs else "") if alike else ()),
            safe(each.id),
            safe(each.text, None if width else UNCUT),
        )
        for each in shown
    ]
    told = ALIKE if alike else ()
    header = ("rank", "query", "relevant", "risk", *several, *parts, "verdict", *told, "id", "text")
    left = len(explanation.candidates) - len(rows)
    more = f"\n{count_of(left, 'more candidate')}; --show shows more, --json all" if left > 0 else ""
    legend = [
        *LEGEND,
        *([(", ".join(several), BY_INDEX)] if several else ()),
        *(ALIKE.items() if alike else ()),
        *((safe(name), meaning(name, recipe)) for name in dict.fromkeys(each.verdict for each in shown)),
    ]
    return (
        f"query: {safe(explanation.query)}\n\n"
        f"{table(relevant, ('query', 'relevant passage', 'text'), width)}\n\n"
        f"{table(rows, header, width)}{more}\n\n{table(legend)}"
    )


def meaning(verdict: str, recipe: Recipe) -> str:
    """What became of a candidate with this verdict, and why, in words."""
    known = {
        "chosen": f"a hard negative: {preference(recipe.select)}, by {recipe.select!r}",
        "kept": "could be one; those chosen were preferred",
    }
    return known.get(verdict) or f"dropped: {reason(verdict)}"
