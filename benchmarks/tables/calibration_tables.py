"""Table of benchmarks/results/calibration_judged.json."""

from __future__ import annotations

from typing import Any

from benchmarks.lib.markdown_tables import markdown


def calibration_judged(result: dict[str, Any]) -> str:
    """What came out wrong under each cap, a line for each set and cap, a column for each way of calibrating."""
    ways = list(next(iter(result.values()))["ways"])
    rows = []
    for name, found in result.items():
        caps = dict.fromkeys(cap for way in ways for cap in found["ways"][way])
        rows += [[name, f"{float(cap):.0%}", *(_cell(found, way, cap) for way in ways)] for cap in caps]
    return markdown(("set", "wanted", *ways), rows)


def _cell(found: dict[str, Any], way: str, cap: str) -> str:
    one = found["ways"][way].get(cap)
    if one is None:
        return "–"
    held = round(one["within_promise"] * one["calibrated"])
    return f"{one['observed']:.1%}; {held} of {one['calibrated']}"
