"""Tables of benchmarks/results/detection.json."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.lib.markdown_tables import markdown

SHOWN = ("pool auc", "pool ap", "pool map@10", "pool p@l", "of the recipe's")
HEADS = ("AUC", "AP", "mAP@10", "P@L", "false share, of the recipe's")
BY_SET = "minilm"
"""The encoder that finds the candidates: the only one that is shown by set."""
FILLED = 0.5
"""Share of the slots below which a false share says nothing."""


def detection(result: dict[str, Any]) -> str:
    """Means over sets whose judgments are complete, a line for each contender and encoder."""
    head = ("contender", "encoder", *HEADS)
    return markdown(head, _lines(result["overall"]))


def _lines(found: dict[str, Any]) -> Iterator[list[str]]:
    for name, measures in found.items():
        contender, encoder = name.split(" | ")
        shown = [measures.get(each) for each in SHOWN]
        if measures.get("filled", [1.0])[0] < FILLED:
            shown[-1] = None
        yield [contender, encoder, *map(_cell, shown)]


def detection_sets(result: dict[str, Any]) -> str:
    """AUC within the query, a line for each contender by BY_SET, a column a set."""
    sets = {
        f"{name.removesuffix(':judged')}, {kind}": (record, f"{kind} auc")
        for name, record in result["sets"].items()
        for kind in ("judged", "pool")
        if any(f"{kind} auc" in each for each in record["contenders"].values())
    }
    rows = [
        [contender, *(_cell(record["contenders"][name].get(key)) for record, key in sets.values())]
        for name in result["overall"]
        for contender, encoder in [name.split(" | ")]
        if encoder == BY_SET
    ]
    return markdown(("contender", *sets), rows)


def ambiguity(result: dict[str, Any]) -> str:
    """AUC of flags for queries with many answers, a line a set."""
    limits = sorted({key for found in result.values() for key in found if key.startswith("more than")})
    flags = [key for key in next(iter(result.values()))[limits[0]] if key != "share"]
    rows = []
    for name, found in result.items():
        for limit in limits:
            one = found.get(limit)
            if one:
                rows.append([name, limit, f"{one['share']:.0%}", *(f"{one[flag]:.2f}" for flag in flags)])
    return markdown(("set", "answers hidden", "of the queries", *flags), rows)


def _cell(found: Sequence[float] | None) -> str:
    return "" if found is None else "{:.3f} ({:.3f}–{:.3f})".format(*found)
