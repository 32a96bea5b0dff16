"""What the README shows of benchmarks/results/sample.json and frontier.json."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from benchmarks.lib.markdown_tables import markdown

BAR = "sentence-transformers"
WIDTH = 46


def sample(result: dict[str, Any]) -> str:
    """A line a rule: how many of the sample's negatives are false."""
    head = ("five negatives for each query of the sample", "false", "debatable", "mean cosine to the query")
    rows = (
        [
            rule,
            f"{each['false']:,} of {each['negatives']:,}",
            f"{each['debatable']:,}",
            f"{each['similarity']:.3f}",
        ]
        for rule, each in result["rules"].items()
    )
    return markdown(head, rows)


def example(result: dict[str, Any]) -> str:
    """One query: what answers it, and the negatives of the nearest five beside miner's."""
    shown = result["example"]
    pairs = zip_longest(shown["the nearest five"], shown["miner"])
    lines = [
        f"query     {shown['query']}",
        f"relevant  {' '.join(shown['relevant'][0].split())[: 2 * WIDTH]}…",
        "",
        f"{'the nearest five':{WIDTH + 8}}miner's five",
        *(f"{_theirs(theirs):{WIDTH + 8}}{mine['title'] if mine else ''}".rstrip() for theirs, mine in pairs),
    ]
    return _block(lines)


def _theirs(each: dict[str, Any] | None) -> str:
    return f"{'ANSWERS' if each['false'] else '':8}{each['title'][: WIDTH - 2]}" if each else ""


def printed(result: dict[str, Any]) -> str:
    """What mining the sample prints."""
    return _block(result["printed"])


def from_python(result: dict[str, Any]) -> str:
    """What the README's lines of Python print."""
    return _block(result["from Python"])


def _block(lines: Sequence[str]) -> str:
    return "\n".join(("```text", *lines, "```"))


def quality(result: dict[str, Any]) -> str:
    """A line a set: false share, mean cosine and filled slots of a recipe in use and of miner's default."""
    head = (
        "set",
        "false: `mine_hard_negatives`",
        "false: miner",
        "cosine to the query: theirs",
        "miner",
        "slots filled: theirs",
        "miner",
    )
    return markdown(head, (_set(name, each["points"]) for name, each in result["sets"].items()))


def _set(name: str, points: dict[str, dict[str, list[float]]]) -> list[str]:
    both = points[BAR], points[default()]
    return [
        name,
        *(_percent(each["leak"]) for each in both),
        *(f"{each['cosine'][0]:.2f}" for each in both),
        *(f"{100 * each['filled'][0]:.0f} %" for each in both),
    ]


def _percent(found: Sequence[float]) -> str:
    value, low, high = (100 * each for each in found)
    return f"{value:.1f} % ({low:.1f}–{high:.1f})"


def default() -> str:
    """The point of frontier.json that miner's default is: its filters, the guards aside, and its selector."""
    from miner.mining.recipe import Recipe

    recipe = Recipe()
    return ", ".join(map(repr, [*recipe.filters, recipe.select]))
