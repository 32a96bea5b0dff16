"""The tables of docs/explanation/what-negatives-teach.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.lib.markdown_tables import markdown

FIGURE = "nDCG@10"
RECIPE, UNTOUCHED, TEACHER = "sentence-transformers", "untouched", "teacher"
FEW = ", 250 rows"
"""The size of the runs with cross-encoders that all tables but one show."""
BY_QUERY = "miner::priced(relevant=0.0)"
OF_CROSS = (UNTOUCHED, "random", RECIPE, f"{RECIPE}/3+2", "miner", "miner/3+2")
OF_ENCODERS = (UNTOUCHED, "random", "bm25", "naive", RECIPE, "former-guards", "miner")
BY_ROWS = ("random", RECIPE, "miner", "miner/3+2")
NAIVE = "naive/3+2"
JUDGED = (NAIVE, f"drop:{NAIVE}", f"relabel:{NAIVE}")
TAUGHT = (TEACHER, "miner", "kl:miner")
Methods = Mapping[str, Mapping[str, Any]]


def encoders(result: Mapping[str, Any]) -> str:
    """Encoders trained on negatives of each method, a line a set and method."""
    head = ("", "seeds", "false negatives", FIGURE, f"above {RECIPE}")
    return markdown(
        head,
        [
            [f"{name}: {method}", _seeds(own), _wrong(own), _figure(own), _above(own, RECIPE)]
            for name, methods in _sets(result, "bi", "")
            for method, own in _those(methods, OF_ENCODERS)
        ],
    )


def cross_encoders(result: Mapping[str, Any]) -> str:
    """Cross-encoders begun from the encoder, alone and summed with it."""
    return _alone_and_kept(result, OF_CROSS, RECIPE, "miner/3+2")


def judged(result: Mapping[str, Any]) -> str:
    """The same of rows that a simulated judge looked at."""
    return _alone_and_kept(result, JUDGED, f"drop:{NAIVE}", f"relabel:{NAIVE}")


def judged_encoders(result: Mapping[str, Any]) -> str:
    """Encoders trained on rows that a simulated judge looked at, with the steps that made."""
    head = ("", "seeds", "false negatives", "steps", FIGURE, "above drop:naive")
    return markdown(
        head,
        [
            [
                f"{name}: {method}",
                _seeds(own),
                _wrong(own),
                f"{own['steps']:.0f}",
                _figure(own),
                _above(own, "drop:naive"),
            ]
            for name, methods in _sets(result, "bi", "")
            if "drop:naive" in methods
            for method, own in _those(methods, ("naive", "drop:naive", "relabel:naive"))
        ],
    )


def taught(result: Mapping[str, Any]) -> str:
    """The same of rows with a teacher's scores."""
    return _alone_and_kept(result, TAUGHT, "miner", "kl:miner")


def by_query(result: Mapping[str, Any]) -> str:
    """The default beside hardness by the cosine to the query alone, a line a learner and set."""
    head = ("", "seeds", f"{FIGURE}, relevant=0", "the default", "above it")
    lines = []
    for learner, size, mixed in (("cross", FEW, "/3+2"), ("cross + encoder", FEW, "/3+2"), ("bi", "", "")):
        for name, methods in _sets(result, learner, size):
            before, own = methods.get(BY_QUERY + mixed), methods.get(f"miner{mixed}")
            if before and own:
                found = [_seeds(own), _figure(before), _figure(own), _above(own, BY_QUERY + mixed)]
                lines.append([f"{name}, {learner}", *found])
    return markdown(head, lines)


def by_rows(result: Mapping[str, Any]) -> str:
    """What training gains over the untouched encoder, a line a learner, set and number of rows."""
    head = ("", *BY_ROWS)
    lines = []
    for learner in ("bi", "cross + encoder"):
        sizes = result.get(learner, {}).get("sets", {})
        sets = dict.fromkeys(title.partition(",")[0] for title in sizes)
        for name in sets:
            own = {
                _rows(title): methods for title, methods in sizes.items() if title.partition(",")[0] == name
            }
            if len(own) > 1:
                lines += [
                    [f"{name}, {learner}, {rows} rows", *(_gain(own[rows].get(each)) for each in BY_ROWS)]
                    for rows in sorted(own)
                ]
    return markdown(head, lines)


def _alone_and_kept(result: Mapping[str, Any], methods: Sequence[str], other: str, tried: str) -> str:
    """Methods on the sets where one was tried."""
    head = ("", "seeds", "false negatives", "alone", f"above {other}", "as kept", f"above {other}")
    kept = dict(_sets(result, "cross + encoder", FEW))
    lines = []
    for name, found in _sets(result, "cross", FEW):
        if tried not in found:
            continue
        for method, own in _those(found, methods):
            both = kept[name][method]
            alone = ["", ""] if method in (UNTOUCHED, TEACHER) else [_figure(own), _above(own, other)]
            lines.append(
                [f"{name}: {method}", _seeds(own), _wrong(own), *alone, _figure(both), _above(both, other)]
            )
    return markdown(head, lines)


def _sets(result: Mapping[str, Any], learner: str, size: str) -> Iterator[tuple[str, Methods]]:
    """Sets of one size, by their bare names."""
    for title, methods in result.get(learner, {}).get("sets", {}).items():
        name, comma, rows = title.partition(",")
        if comma + rows == size:
            yield name, methods


def _those(methods: Methods, names: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((name, methods[name]) for name in names if name in methods)


def _rows(title: str) -> int:
    from benchmarks.quality.downstream import ROWS

    size = title.partition(", ")[2]
    return int(size.removesuffix(" rows")) if size else ROWS


def _seeds(own: Mapping[str, Any]) -> str:
    return str(len(own["seeds"]))


def _wrong(own: Mapping[str, Any]) -> str:
    return f"{100 * own['false_negatives']:.1f} %" if "false_negatives" in own else ""


def _figure(own: Mapping[str, Any] | None) -> str:
    return "" if own is None else f"{own[FIGURE]:.3f}"


def _gain(own: Mapping[str, Any] | None) -> str:
    return "" if own is None else _above(own, UNTOUCHED)


def _above(own: Mapping[str, Any], other: str) -> str:
    against = own["against"].get(other)
    if against is None:
        return ""
    change = against[FIGURE]
    return f"{change['change']:+.3f} ({change['low']:+.3f} to {change['high']:+.3f})"
