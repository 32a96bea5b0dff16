"""What the verdicts on negatives read by eye come to: lines of a sheet, of its key, and of what a reader said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from miner.judgments.wilson import wilson

VERDICTS: Mapping[str, str] = {
    "wrong": "answers the query as asked, as well as a labelled passage would",
    "partly": "answers a part of it, or it can be argued whether it answers",
    "hardest": "does not answer, but who only skims takes it: same facet, other thing; or another facet of it",
    "right": "does not answer, and is about something related",
    "easy": "is plainly about something else",
}


def score(
    shown: Sequence[Any],
    verdicts: Iterable[Any],
    key: Sequence[Any],
    recipes: Sequence[str],
    default: str,
) -> dict[str, Any]:
    """Counts of every verdict by recipe, with 95 % score intervals of its share, and beside the `default`
    where it was read. Raises SystemExit unless every line of the sheet has a verdict of VERDICTS."""
    given = dict[str, str]()
    for line in verdicts:
        if line["verdict"] not in VERDICTS:
            raise SystemExit(f"{line['id']}: {line['verdict']!r}; expected one of {', '.join(VERDICTS)}")
        given[line["id"]] = line["verdict"]
    if missing := [line["id"] for line in shown if line["id"] not in given]:
        raise SystemExit(f"{len(missing)} lines of the sheet have no verdict; {missing[0]} is the first")
    by_recipe = {name: [line for line in key if name in line["recipes"]] for name in recipes}
    return {
        "queries": len({line["query"] for line in key}),
        "read": len(shown),
        "recipes": {
            name: {
                **cosines(lines),
                **shares(Counter(given[line["id"]] for line in lines)),
            }
            for name, lines in by_recipe.items()
            if lines
        },
        "by verdict": {
            verdict: cosines(lines)
            for verdict in VERDICTS
            if (lines := [line for line in key if given[line["id"]] == verdict])
        },
        "against the default": {
            name: paired(lines, by_recipe[default], given)
            for name, lines in by_recipe.items()
            if lines and by_recipe.get(default) and name != default
        },
    }


def in_order(key: Sequence[Any], first: Sequence[str]) -> list[str]:
    """The recipes that the key names: those of `first`, then others by name."""
    named = {name for line in key for name in line["recipes"]}
    return [*(name for name in first if name in named), *sorted(named.difference(first))]


def cosines(lines: Sequence[Any]) -> dict[str, float]:
    """Means to the query and to the nearest labelled passage."""
    return {
        name: round(sum(line[name] for line in lines) / len(lines), 4) for name in ("to query", "to relevant")
    }


def paired(some: Sequence[Any], others: Sequence[Any], given: Mapping[str, str]) -> dict[str, list[int]]:
    """For each verdict: of how many queries only the negative of the one recipe has it, and only that of the other."""
    one, two = ({line["query"]: given[line["id"]] for line in lines} for lines in (some, others))
    both = [(one[query], two[query]) for query in one.keys() & two.keys()]
    return {
        verdict: [sum(a == verdict != b for a, b in both), sum(b == verdict != a for a, b in both)]
        for verdict in VERDICTS
    }


def shares(found: Counter[str]) -> dict[str, Any]:
    """How many, and for each verdict its count and the ends of the interval."""
    total = found.total()
    ends = {verdict: wilson(found[verdict] / total, total) for verdict in VERDICTS}
    counts = {
        verdict: [found[verdict], round(low, 4), round(high, 4)] for verdict, (low, high) in ends.items()
    }
    return {"negatives": total, **counts}
