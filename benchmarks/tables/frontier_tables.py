"""Tables of benchmarks/results/frontier.json."""

from __future__ import annotations

from typing import Any

from benchmarks.lib.markdown_tables import markdown

BAR = "sentence-transformers"


def frontier(result: dict[str, Any]) -> str:
    """A line a rule, a column a set: false share at the recipe's mean cosine, of the recipe's."""
    sets = result["sets"]
    rules = next(iter(sets.values()))["curves"]
    return markdown(
        ("rule", *sets), ([rule, *(_ratio(each, rule) for each in sets.values())] for rule in rules)
    )


def _ratio(found: dict[str, Any], rule: str) -> str:
    leak = found["at the hardness of"][BAR][rule]
    return "–" if leak is None else f"{leak / found['points'][BAR]['leak'][0]:.2f}"


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
