"""The learning curve as a drawing: loss, and nDCG@10 on the evaluation rows, by step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from miner.reranking.metrics import METRICS, PRIMARY


def draw(records: Sequence[dict[str, Any]], path: Path) -> bool:
    """Write an SVG of the metrics by step; False where matplotlib is not installed."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        return False
    name = METRICS[PRIMARY]
    with mpl.rc_context({"svg.hashsalt": "miner", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        for label, colour, side in (("loss", "tab:gray", axes), (name, "tab:blue", axes.twinx())):
            points = [(record["step"], record[label]) for record in records if label in record]
            side.plot(*zip(*points, strict=True), color=colour, marker="." if label == name else None)
            side.set_ylabel(label, color=colour)
        axes.set_xlabel("step")
        figure.savefig(path, format="svg", metadata={"Date": None})
    return True
