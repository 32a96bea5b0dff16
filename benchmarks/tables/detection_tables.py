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


def more_evidence(result: dict[str, Any]) -> str:
    """AUC within the query as it is, and by how much further evidence raises it, a column a set; then the false
    share in the mean of sets."""
    sets: dict[str, dict[str, dict[str, list[float]]]] = result["sets"]
    before, *ways = next(iter(sets.values()))
    measured = {
        name: "pool auc" if "pool auc" in found[before] else "judged auc" for name, found in sets.items()
    }
    rows = [[before, *(f"{sets[name][before][auc][0]:.3f}" for name, auc in measured.items())]]
    rows += [
        [way, *(_gain(sets[name][way][f"{auc}, gained"]) for name, auc in measured.items())] for way in ways
    ]
    shares = [_cell(result["overall"][way].get("of the recipe's")) for way in (before, *ways)]
    heads = [f"{name}, judged" if auc == "judged auc" else name for name, auc in measured.items()]
    lines = [[*row, share] for row, share in zip(rows, shares, strict=True)]
    return markdown(("evidence", *heads, "false share, of the recipe's"), lines)


def two_encoders(result: dict[str, Any]) -> str:
    """False share over the recipe's by one encoder's view and by both, a line a set, and their medians."""
    ways = list(result["overall"])
    rows = [
        [name, str(found["queries"]), *(_cell(found[way]["at_bar"]["leak_over_bar"]) for way in ways)]
        for name, found in result["sets"].items()
    ]
    rows.append(["median", "", *(f"{result['overall'][way]:.3f}" for way in ways)])
    heads = ["the first alone" if way == "one" else f"with {way}" for way in ways]
    return markdown(("set", "queries", *heads), rows)


def level(result: dict[str, Any]) -> str:
    """What is left of the levels of sets, in log odds, by the mean of the others and by each quantity."""
    errors = {
        "the mean of the other sets": result["left by the mean of the others"],
        **result["left by a line"],
    }
    return markdown(
        ("predicted by", "left, in log odds"), [[name, f"{error:.1f}"] for name, error in errors.items()]
    )


def _gain(found: Sequence[float]) -> str:
    return "{:+.3f} ({:+.3f} to {:+.3f})".format(*found)


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


def by_eye(result: dict[str, Any]) -> str:
    """A line a set and recipe: mean cosines, and the share of each verdict."""
    rows = [
        [
            f"{name}, {recipe}",
            str(found["negatives"]),
            f"{found['to query']:.3f}",
            f"{found['to relevant']:.3f}",
            *(_share(found[verdict], found["negatives"]) for verdict in result["verdicts"]),
        ]
        for name, record in result["sets"].items()
        for recipe, found in record["recipes"].items()
    ]
    return markdown(("set, recipe", "negatives", "to query", "to relevant", *result["verdicts"]), rows)


def _share(found: Sequence[float], total: int) -> str:
    count, low, high = found
    return f"{100 * count / total:.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def _cell(found: Sequence[float] | None) -> str:
    return "" if found is None else "{:.3f} ({:.3f}–{:.3f})".format(*found)
