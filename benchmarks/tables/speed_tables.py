"""The tables of docs/speed.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.lib.markdown_tables import markdown
from benchmarks.speed.path import IN_ALL
from benchmarks.speed.shapes import AS_IT_IS, ONE_STREAM, SHAPES
from benchmarks.speed.speed import BASE, CONTENDERS, RATE
from benchmarks.speed.whole import CONTENDERS as WHOLE
from benchmarks.speed.whole import THEIRS, THEIRS_CACHED


def speed(result: Mapping[str, Any]) -> str:
    """How many times as fast as sentence-transformers, a line a set and contender."""
    rows = []
    for name, found in _sets(result).items():
        rate = found[RATE]["bfloat16"]
        rows += [[f"{name}: {each}", *_cells(found[each], rate)] for each in CONTENDERS]
    head = (
        "",
        "build + mine",
        "times faster",
        "process",
        "mining again",
        "times faster",
        "tokens/s",
        "of the processor",
    )
    return markdown(head, rows)


def speed_sets(result: Mapping[str, Any]) -> str:
    """What was mined, and sentence-transformers' second run, a line a set."""
    cached = f"{BASE}, warm, with its cache"
    rows = (
        [name, *(f"{found[key]:,}" for key in ("passages", "queries", "tokens")), _seconds(found[cached])]
        for name, found in _sets(result).items()
    )
    return markdown(("set", "passages", "queries", "tokens", f"{BASE} again, with its cache"), rows)


def search(result: Mapping[str, Any]) -> str:
    """Exact search beside faiss's, in one line."""
    seconds, ratio = result["seconds"], result["speed_over_faiss"]
    cells = [
        f"{result['passages']:,} × {result['dim']}, {result['queries']:,} queries, k = {result['k']}",
        *(f"{min(seconds[name]):.2f}–{max(seconds[name]):.2f} s" for name in ("faiss", "miner")),
        f"{100 * ratio['median']:.0f} % ({100 * min(ratio['all']):.0f}–{100 * max(ratio['all']):.0f})",
    ]
    return markdown(("", "IndexFlatIP", "miner, exact", "speed over faiss's"), [cells])


def agreement(result: Mapping[str, Any]) -> str:
    """How far coarser encoders agree with fp32, a line a set and encoder."""
    rows = [
        [f"{name}: {way}", *(f"{one[key]:.3f}" for key in ("top_near_ties", "top", "cosine"))]
        for name, found in result.items()
        for way, one in found.items()
    ]
    return markdown(("", "top 20, near ties forgiven", "top 20", "cosine"), rows)


def memory(result: Mapping[str, Any]) -> str:
    """Time and memory by the number of passages."""
    rows = []
    for found in (*result["sizes"], result["most"]):
        cells = [f"{found['passages']:,}", f"{found['queries']:,}"]
        for command in ("build", "mine", BASE):
            one = found.get(command)
            cells += [_seconds(one["seconds"]), f"{one['peak MiB']:,.0f} MiB"] if one else ["", ""]
        rows.append(cells)
    head = ("passages", "queries", "build", "peak", "mine", "peak", f"{BASE} (FAISS)", "peak")
    return markdown(head, rows)


def _sets(result: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found for name, found in result.items() if isinstance(found, dict) and BASE in found}


def _cells(found: Mapping[str, Any], rate: float) -> list[str]:
    return [
        _seconds(found["work"]["median"]),
        _times(found.get("work, times faster")),
        _seconds(found["process"]["median"]),
        _seconds(found["warm"]["median"]) if "warm" in found else "",
        _times(found.get("warm, times faster")),
        f"{found['tokens a second']:,}" if "tokens a second" in found else "",
        f"{found['useful GFLOP/s'] / rate:.0%}" if "useful GFLOP/s" in found else "",
    ]


def _seconds(value: float) -> str:
    return f"{value:.1f} s"


def _times(spread: Mapping[str, float] | None, digits: int = 1) -> str:
    return "{median:.{0}f} ({min:.{0}f}–{max:.{0}f})".format(digits, **spread) if spread else ""


def whole(result: Mapping[str, Any]) -> str:
    """Whole processes, a line a contender, a column a set: seconds, and how many times faster than theirs."""
    names = [name for name in WHOLE if any(name in one for one in _rounds(result))]
    rows = [[name, *(_whole_cell(each["rounds"], name) for each in result.values())] for name in names]
    sets = (f"{name} ({each['passages']:,}, {each['queries']:,})" for name, each in result.items())
    return markdown(("", *sets), rows)


def _rounds(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for each in result.values() for one in each["rounds"]]


def _whole_cell(rounds: Sequence[Mapping[str, Any]], name: str) -> str:
    base = THEIRS_CACHED if name == "miner again" else THEIRS
    ran = [one for one in rounds if name in one]
    if not ran:
        return ""
    seconds = _seconds(median(one[name]["seconds"] for one in ran))
    ratios = [one[base]["seconds"] / one[name]["seconds"] for one in ran if base in one]
    if name == base or not ratios:
        return seconds
    return f"{seconds}, {median(ratios):.1f}× ({min(ratios):.1f}–{max(ratios):.1f})"


def shapes(result: Mapping[str, Any]) -> str:
    """Speed of other batches over miner's, a line a set and precision."""
    ways = [name for name in (*SHAPES, ONE_STREAM) if name != AS_IT_IS]
    rows = [
        [
            name,
            f"{100 * found[AS_IT_IS]['padding']:.1f} %",
            *(_times(found[way]["speed"], 2) for way in ways),
        ]
        for name, found in result.items()
    ]
    return markdown(("", "padding", *ways), rows)


def path(result: Mapping[str, Any]) -> str:
    """Seconds of every command from the sample to an answer: the median, the least and the most."""
    rounds = result["rounds"]
    rows = []
    for name in rounds[0]:
        seconds = [one[name] for one in rounds]
        rows.append([name if name == IN_ALL else f"`{name}`", _spread(seconds)])
    return markdown(("", "time"), rows)


def judged(result: Mapping[str, Any]) -> str:
    """Seconds of `mine` without and with judgments: the median, the least and the most."""
    rows = [
        [name, f"{found['judgments']:,}", _spread(found["without"]), _spread(found["with"])]
        for name, found in result.items()
    ]
    return markdown(("set", "judgments", "without them", "with them"), rows)


def _spread(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.1f} s ({min(seconds):.1f}–{max(seconds):.1f})"
