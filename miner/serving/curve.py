"""Learning curves as points of a small drawing, for a page that draws them anew as they grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from miner.reranking.metrics import METRICS, PRIMARY
from miner.serving import schemas as wire

LEFT, RIGHT, TOP, BOTTOM = 40, 312, 10, 110
"""The frame of the drawing, in its own units."""
SHOWN = ((METRICS[PRIMARY], "stroke-first", True), ("loss", "stroke-quiet", False))
"""What is drawn: its name in the metrics, its colour, and whether each point is marked."""


@dataclass(frozen=True)
class LiveCurve:
    """One figure by step."""

    name: str
    stroke: str
    points: str
    dots: list[tuple[float, float]]
    steps: int
    top: float
    bottom: float
    first: float
    last: float


def curves(steps: Sequence[wire.StepMetrics]) -> list[LiveCurve]:
    """A curve for each figure that has two points at least."""
    found = []
    for name, stroke, marked in SHOWN:
        values = [(step.step_number, step.metrics[name]) for step in steps if name in step.metrics]
        if len(values) > 1:
            found.append(_curve(name, stroke, marked, values))
    return found


def _curve(name: str, stroke: str, marked: bool, values: list[tuple[int, float]]) -> LiveCurve:
    low, high = min(value for _, value in values), max(value for _, value in values)
    room = (high - low) * 0.1 or 0.05
    top, bottom = high + room, max(low - room, 0.0)
    end = max(step for step, _ in values)
    dots = [
        (
            round(LEFT + (RIGHT - LEFT) * step / end, 1),
            round(TOP + (BOTTOM - TOP) * (top - value) / (top - bottom), 1),
        )
        for step, value in values
    ]
    points = " ".join(f"{x},{y}" for x, y in dots)
    return LiveCurve(
        name, stroke, points, dots if marked else [], end, top, bottom, values[0][1], values[-1][1]
    )
