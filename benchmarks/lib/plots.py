"""Leak against hardness, one SVG a set."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from miner.storage.files import write_bytes

CURVES = (("caps", "miner risk", "#c2410c", "o"), ("margins", "relative margin", "#1d4ed8", "s"))
MARKERS = "Dv^P*X"
Point = dict[str, list[float]]


def plot(name: str, result: dict[str, Any], path: Path) -> None:
    """Every method of a set as a curve or a point with its intervals; `result` is an entry of quality.json."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with pyplot.rc_context({"svg.hashsalt": name, "font.size": 9, "axes.axisbelow": True}):
        figure, axes = pyplot.subplots(figsize=(6.4, 4.0), layout="constrained")
        for key, label, colour, marker in CURVES:
            points = [each for each in result[key].values() if each["filled"][0] > 0]
            axes.plot(*_line(points), color=colour, marker=marker, ms=4, label=label)
            low, high = ([100 * each["leak"][i] for each in points] for i in (1, 2))
            axes.fill_between(_line(points)[0], low, high, color=colour, alpha=0.15, lw=0)
        for marker, (label, each) in zip(MARKERS, result["methods"].items(), strict=True):
            x, (y, low, high) = each["cosine"][0], (100 * value for value in each["leak"])
            bars = [[max(0, y - low)], [max(0, high - y)]]
            shown = f"{label} ({each['filled'][0]:.0%} filled)"
            axes.errorbar(x, y, yerr=bars, fmt=marker, ms=6, color="#444444", elinewidth=0.8, label=shown)
        axes.set(
            xlabel="mean cosine of query and negatives", ylabel="hidden relevant passages, %", title=name
        )
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.25)
        axes.legend(fontsize=7.5, frameon=False, loc="upper left")
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
        pyplot.close(figure)
    write_bytes(path, stream.getvalue())


def _line(points: Iterable[Point]) -> tuple[list[float], list[float]]:
    pairs = [(each["cosine"][0], 100 * each["leak"][0]) for each in points]
    return [x for x, _ in pairs], [y for _, y in pairs]
