"""The frontier as one figure: a panel a set, a curve a rule."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

from miner.storage.files import write_bytes

COLUMNS, WIDTH, HEIGHT = 3, 4.2, 3.2
MARKERS = "DoX"


def plot(sets: dict[str, Any], path: Path) -> None:
    """`sets` is that of frontier.json."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    lines = math.ceil(len(sets) / COLUMNS)
    with pyplot.rc_context({"svg.hashsalt": "frontier", "font.size": 8, "axes.axisbelow": True}):
        figure, panels = pyplot.subplots(
            lines,
            COLUMNS,
            figsize=(COLUMNS * WIDTH, lines * HEIGHT + 0.8),
            layout="constrained",
            squeeze=False,
        )
        for axes in panels.flat[len(sets) :]:
            axes.set_axis_off()
        for axes, (name, found) in zip(panels.flat, sets.items(), strict=False):
            _panel(axes, name, found)
        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=7.5)
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
        pyplot.close(figure)
    write_bytes(path, stream.getvalue())


def _panel(axes: Any, name: str, found: dict[str, Any]) -> None:
    for rule, curve in found["curves"].items():
        wide = {"lw": 2.2, "color": "#c2410c"} if rule.startswith("priced") else {"lw": 1.0}
        points = sorted(
            (each["cosine"][0], 100 * each["leak"][0]) for each in curve.values() if each["filled"][0]
        )
        axes.plot(*zip(*points, strict=True), label=rule, **wide)
    for marker, (label, each) in zip(MARKERS, found["points"].items(), strict=True):
        axes.plot(each["cosine"][0], 100 * each["leak"][0], marker, color="black", ms=5, label=label)
    axes.set(title=name, xlabel="mean cosine of query and negatives", ylabel="hidden relevant passages, %")
    highest = max(100 * each["leak"][0] for each in found["points"].values())
    axes.set_ylim(0, 1.6 * highest)
    axes.grid(alpha=0.25)
