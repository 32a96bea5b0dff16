"""Plots as SVG, drawn by matplotlib without colours of their own: the page's style sheet has those."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree

from miner.errors import require
from miner.reporting.statistics import Histogram, Removal

INK, QUIET, GRID, FIRST, SECOND, LIMIT = (f"#00000{i}" for i in range(1, 7))
ROLES = {INK: "ink", QUIET: "quiet", GRID: "grid", FIRST: "first", SECOND: "second", LIMIT: "limit"}
"""Colours drawn with, and the role that each stands for: class `fill-first`, `stroke-limit`, …"""

SVG = "http://www.w3.org/2000/svg"
WIDTH, HEIGHT = 4.6, 2.5
SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "miner",
    "font.size": 9,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "figure.edgecolor": "none",
}
FLOOR = 0.7
"""Where a logarithmic axis of counts begins, so that a count of one is seen."""
KEPT = {"d", "x", "y", "width", "height", "transform"}


def histograms(
    first: Histogram, second: Histogram, *, label: str, limit: float | None = None, log: bool = False
) -> str:
    """One or two histograms over each other, with a line at `limit` if given; `log` scales the counts."""

    def draw(axes: Any) -> None:
        for bins, colour in ((first, FIRST), (second, SECOND)):
            if bins:
                edges = [bins[0][0], *(end for _, end, _ in bins)]
                values = [max(value, FLOOR if log else 0) for _, _, value in bins]
                base = FLOOR if log else 0
                axes.stairs(values, edges, baseline=base, fill=True, color=colour, alpha=0.28, linewidth=0)
                axes.stairs(values, edges, baseline=base, color=colour, linewidth=1.2)
        if log:
            axes.set_yscale("log")
            axes.set_ylim(bottom=FLOOR)
            axes.yaxis.set_major_formatter("{x:,g}")
            axes.minorticks_off()
        if limit is not None:
            axes.axvline(limit, color=LIMIT, linewidth=1.2, linestyle=(0, (4, 2)))
            place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
            axes.annotate(f"{limit:g}", (limit, 0.93), xytext=(4, 0), color=LIMIT, **place)
        axes.set_xlabel(label)

    return _figure(draw)


def columns(numbers: Sequence[tuple[int, int]], *, label: str) -> str:
    """A column for each (number, rows with it), the rows written above it."""

    def draw(axes: Any) -> None:
        bars = axes.bar([str(n) for n, _ in numbers], [rows for _, rows in numbers], color=SECOND, width=0.7)
        if len(numbers) <= 12:
            axes.bar_label(bars, [f"{rows:,}" if rows else "" for _, rows in numbers], padding=2, color=INK)
            axes.margins(y=0.14)
        axes.set_xlabel(label)

    return _figure(draw)


def bars(removals: Sequence[Removal]) -> str:
    """A bar for each filter, the first applied at the top."""

    def draw(axes: Any) -> None:
        names = [_shortened(f"{i + 1}. {removal.filter}", 34) for i, removal in enumerate(removals)]
        places = range(len(removals))
        drawn = axes.barh(places, [removal.candidates for removal in removals], color=SECOND, height=0.62)
        axes.set_yticks(places, names)
        axes.bar_label(drawn, [f"{r.candidates:,} ({r.share:.1%})" for r in removals], padding=3, color=INK)
        axes.invert_yaxis()
        axes.margins(x=0.28)
        axes.grid(visible=False, axis="y")
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.spines["left"].set_visible(True)

    return _figure(draw, height=0.9 + 0.3 * max(len(removals), 3))


def _figure(draw: Callable[[Any], None], height: float = HEIGHT) -> str:
    require("matplotlib", extra="report", purpose="the report")
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        canvas = FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(nbins=4, integer=True))
        draw(axes)
        for text in figure.findobj(mpl.text.Text):
            text.set_parse_math(False)
        stream = io.StringIO()
        canvas.print_svg(stream, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return plain(stream.getvalue())


def plain(svg: str) -> str:
    """The drawing with classes in place of styles, ids, metadata and clipping.

    Nothing is left that a strict Content-Security-Policy would refuse (style attributes) or that
    would collide with another drawing of the same page (ids).
    """
    root = ElementTree.fromstring(svg)  # noqa: S314
    box = root.attrib["viewBox"]
    plot = ElementTree.Element("svg", {"xmlns": SVG, "viewBox": box, "aria-hidden": "true"})
    for child in root:
        _copy(child, plot)
    return ElementTree.tostring(plot, encoding="unicode")


def _copy(source: ElementTree.Element, target: ElementTree.Element) -> None:
    tag = source.tag.removeprefix(f"{{{SVG}}}")
    if tag not in ("g", "path", "text"):
        return
    style = dict(re.findall(r"([\w-]+):\s*([^;]+)", source.get("style", "")))
    attributes = {name: value for name, value in source.attrib.items() if name in KEPT} | _looks(style)
    if tag == "path" and style.get("fill") == "none" and style.get("stroke", "none") == "none":
        return
    element = ElementTree.SubElement(target, tag, attributes)
    element.text = source.text if tag == "text" else None
    for child in source:
        _copy(child, element)
    if tag == "g" and not len(element):
        target.remove(element)


def _looks(style: dict[str, str]) -> dict[str, str]:
    """A style as classes for its colours and presentation attributes for the rest."""
    classes = [f"{kind}-{ROLES[style[kind]]}" for kind in ("fill", "stroke") if style.get(kind) in ROLES]
    looks: dict[str, str] = {
        name: style[name]
        for name in ("opacity", "stroke-width", "stroke-dasharray", "text-anchor", "font-size")
        if name in style
    }
    if style.get("fill") == "none":
        looks["fill"] = "none"
    return looks | ({"class": " ".join(classes)} if classes else {})


def _shortened(text: str, width: int) -> str:
    """At most `width` characters that every font has; others as their escapes."""
    plain_text = ascii(text)[1:-1]
    return plain_text if len(plain_text) <= width else f"{plain_text[: width - 3]}..."
