"""Tables of benchmarks/results/frontier.json."""

from __future__ import annotations

from typing import Any

from benchmarks.lib.markdown_tables import markdown

BAR = "sentence-transformers"
NOT_REACHED = "–"


def frontier(result: dict[str, Any]) -> str:
    """A line a rule that reaches the recipe's mean cosine on some set, a column a set: false share there, of the
    recipe's."""
    sets = result["sets"]
    rows = [
        [rule, *(_ratio(each, rule) for each in sets.values())]
        for rule in next(iter(sets.values()))["curves"]
    ]
    return markdown(("rule", *sets), (row for row in rows if set(row[1:]) != {NOT_REACHED}))


def _ratio(found: dict[str, Any], rule: str) -> str:
    leak = found["at the hardness of"][BAR][rule]
    return NOT_REACHED if leak is None else f"{leak / found['points'][BAR]['leak'][0]:.2f}"


def frontier_points(result: dict[str, Any]) -> str:
    """A line a set, a column for what comes without turning anything: false share at mean cosine."""
    names = next(iter(result["sets"].values()))["points"]
    rows = (
        [name, *(_point(each["points"][rule]) for rule in names)] for name, each in result["sets"].items()
    )
    return markdown(("set", *names), rows)


def _point(found: dict[str, list[float]]) -> str:
    leak, low, high = (100 * value for value in found["leak"])
    empty = "" if found["filled"][0] > 0.995 else f", {100 * found['filled'][0]:.0f} % filled"
    return f"{leak:.1f} % ({low:.1f}–{high:.1f}) at {found['cosine'][0]:.3f}{empty}"
