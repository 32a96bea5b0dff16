"""The tables of docs/judges.md."""

from __future__ import annotations

from typing import Any

from benchmarks.lib.markdown_tables import markdown


def judging(result: dict[str, Any]) -> str:
    """Medians over the sets, a line a judge."""
    head = (
        "finds, passes",
        "errors",
        "calls, of judge-all's",
        "false, of judge-all's",
        "cosine, less judge-all's",
    )
    rows = [
        [
            _rates(each),
            _errors(each),
            f"{100 * each['calls']:.0f} %",
            f"{100 * each['false']:.0f} %",
            f"{each['cosine']:+.3f}",
        ]
        for each in result["medians"]
    ]
    return markdown(head, rows)


def judging_sets(result: dict[str, Any]) -> str:
    """Calls, false share and cosine of each way for the judge of .9 and .95, a line a set."""
    head = ("set", "queries", "risk alone", "judge-all", "where it counts")
    rows = []
    for name, found in result["sets"].items():
        judge = found["judges"][0]
        ways = (found["risk alone"], judge["all"], judge["cascade"])
        rows.append([name, f"{found['queries']:,}", *map(_way, ways)])
    return markdown(head, rows)


def judging_coverage(result: dict[str, Any]) -> str:
    """How often intervals hold the truth, and how wide the audit's are with a judge."""
    trials = [
        [f"trial of 50 and 50: {_rates(each)}", f"{each[f'held_{kind}']:.1%} ({kind})", "", ""]
        for each in result["trial"]
        for kind in ("sensitivity", "specificity")
    ]
    audits = [
        [
            f"audit, φ = {each['agreement']:.2f}, {each['rate']:.0%} false",
            f"{each['held']:.1%}",
            f"{each['width']:.3f}",
            f"{each['theory']:.3f}",
        ]
        for each in result["audit"]
    ]
    return markdown(("", "held", "width, of people's alone", "√(1 - φ²)"), [*trials, *audits])


def _rates(each: dict[str, Any]) -> str:
    return f"{each['sensitivity']:g}, {each['specificity']:g}"


def _errors(each: dict[str, Any]) -> str:
    return "follow" if each["follows"] else "by chance"


def _way(found: dict[str, float]) -> str:
    return f"{found['calls']:.1f} calls, {100 * found['false']:.1f} % false at {found['cosine']:.3f}"
