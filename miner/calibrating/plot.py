"""A calibration as a drawing."""

from __future__ import annotations

import io
from typing import Any

from miner.calibrating.calibration import Bin, Calibration
from miner.errors import require

SIZE = (8.0, 4.0)
SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "miner", "font.size": 9, "axes.spines.top": False}


def plot(calibration: Calibration) -> str:
    """SVG: observed against estimated risk, and what mining under each cap let through, with intervals.

    Raises MissingExtra without matplotlib.
    """
    require("matplotlib", extra="report", purpose="the plot of a calibration")
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(SETTINGS | {"axes.spines.right": False}):
        figure = Figure(figsize=SIZE, layout="constrained")
        canvas = FigureCanvasSVG(figure)
        left, right = figure.subplots(1, 2)
        _points(left, calibration.reliability)
        left.set(title="candidates", xlabel="estimated risk", ylabel="share that was relevant")
        caps = [point.cap for point in calibration.curve]
        right.plot(caps, [point.leak.rate for point in calibration.curve], color="C0")
        low, high = ([getattr(point.leak, end) for point in calibration.curve] for end in ("low", "high"))
        right.fill_between(caps, low, high, color="C0", alpha=0.2, linewidth=0)
        right.set(
            title=f"the {calibration.n} hardest under a cap",
            xlabel="cap on the estimate",
            ylabel="share that was relevant",
        )
        for axes in (left, right):
            _roots(axes)
        stream = io.StringIO()
        canvas.print_svg(stream, metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _points(axes: Any, bins: tuple[Bin, ...]) -> None:
    rates = [each.observed.rate for each in bins]
    below = [each.observed.rate - each.observed.low for each in bins]
    above = [each.observed.high - each.observed.rate for each in bins]
    axes.plot((0, 1), (0, 1), color="0.6", linewidth=0.8, linestyle="--")
    axes.errorbar(
        [each.estimated for each in bins], rates, yerr=(below, above), fmt="o", markersize=4, capsize=2
    )


def _roots(axes: Any) -> None:
    """Scales on which small shares can be told apart."""
    import numpy as np

    marks = (0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
    for axis, scale, limits in (
        (axes.xaxis, axes.set_xscale, axes.set_xlim),
        (axes.yaxis, axes.set_yscale, axes.set_ylim),
    ):
        scale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
        limits(0, 1)
        axis.set_ticks(marks, [f"{mark:g}" for mark in marks])
