"""The tables of docs/guards.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.lib.markdown_tables import markdown

RIGHT = {
    "presentation": "changes of presentation, caught",
    "typos": "typing errors, caught",
    "excerpts": "excerpts and windows, caught",
    "contrasts": "contrasts, kept",
    "contrasts written later, first run": "contrasts written after the method stood, kept on the first run",
}


def suites(result: dict[str, Any]) -> str:
    """What the tests make up, and the doctors' questions, a line each."""
    rows = [
        [RIGHT[name], *_told(each), _percent(each["right"]), _percent(each["right with the rule before"])]
        for name, each in result["suites"].items()
    ]
    return markdown(("", "kinds", "pairs", "now", "before"), [*rows, *_doctors(result.get("doctors", {}))])


def _told(each: dict[str, Any]) -> tuple[str, str]:
    return str(each.get("transforms", each.get("kinds", ""))), f"{each['pairs']:,}"


def _doctors(found: dict[str, Any]) -> Iterator[list[str]]:
    for name, each in found.items():
        told = f"questions of doctors, {name}: taken for copies"
        yield [told, "", f"{each['pairs']:,}", str(each["dropped"]), str(each["dropped before"])]


def corpora(result: dict[str, Any]) -> str:
    """What is dropped of the first hundred candidates, and what that costs, a line a corpus."""
    head = (
        "corpus",
        "queries",
        "near copies",
        "by the rule before",
        "to judge, a query",
        "statistics, a passage",
        "statistics, on disk",
    )
    rows = [
        [
            name,
            f"{each['queries']:,}",
            f"{100 * each['near copies']:.2f} %",
            f"{100 * each['near copies by the rule before']:.2f} %",
            f"{each['milliseconds a query to judge all']:.1f} ms",
            f"{each['milliseconds a passage for the statistics']:.2f} ms",
            f"{each['bytes of the statistics'] / 2**20:.1f} MiB",
        ]
        for name, each in result["corpora"].items()
    ]
    return markdown(head, rows)


def windows(result: dict[str, Any]) -> str:
    """Rows with a negative that shares two fifths of its relevant passage, a line for each way it may come about."""
    found = {name: each for name, each in result["windows"].items() if isinstance(each, dict)}
    kinds = next(iter(found.values()))
    rows = [[kind, *(f"{each[kind]:,}" for each in found.values())] for kind in kinds]
    return markdown(("", *found), rows)


def cost(result: dict[str, Any]) -> str:
    """Seconds of processor of a run anew and of one again, before the guards and now, and the last check's share."""
    head = (
        "set",
        "queries",
        "mining before",
        "now",
        "more",
        "the last check, first run",
        "run again",
        "its share",
        "one negative fewer",
        "its share",
    )
    rows = [
        [
            name,
            f"{each['queries']:,}",
            *(f"{each[version]['first']['seconds']:.2f} s" for version in ("before", "now")),
            f"{100 * (each['now']['first']['seconds'] / each['before']['first']['seconds'] - 1):+.0f} %",
            f"{each['now']['first']['last check']:.2f} s",
            *_shares(each["now"]),
        ]
        for name, each in result.items()
    ]
    return markdown(head, rows)


def _shares(runs: dict[str, Any]) -> Iterator[str]:
    for name in ("again", "one negative fewer"):
        yield f"{runs[name]['seconds']:.2f} s"
        yield f"{100 * runs[name]['last check'] / runs[name]['seconds']:.0f} %"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
