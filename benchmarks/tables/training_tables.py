"""The table of docs/training.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.lib.markdown_tables import markdown

OF_ENCODERS = ("naive", "bm25", "sentence-transformers")
OF_CROSS_ENCODERS = ("sentence-transformers", "sentence-transformers/3+2", "random")
FIGURE = "nDCG@10"


def downstream(result: Mapping[str, Any]) -> str:
    """Figures of encoders trained on negatives of each method, a line a set and method."""
    return _table(result, "bi", OF_ENCODERS)


def downstream_cross(result: Mapping[str, Any]) -> str:
    """The same of cross-encoders begun from the encoder, alone."""
    return _table(result, "cross", OF_CROSS_ENCODERS)


def downstream_both(result: Mapping[str, Any]) -> str:
    """The same of these cross-encoders summed with the encoder."""
    return _table(result, "cross + encoder", OF_CROSS_ENCODERS)


def _table(result: Mapping[str, Any], learner: str, others: Sequence[str]) -> str:
    head = ("", "seeds", "false negatives", FIGURE, *(f"above {other}" for other in others))
    rows = [
        [f"{name}: {method}", *_cells(found, others)]
        for name, methods in result.get(learner, {}).get("sets", {}).items()
        for method, found in methods.items()
    ]
    return markdown(head, rows)


def _cells(found: Mapping[str, Any], others: Sequence[str]) -> list[str]:
    wrong = f"{100 * found['false_negatives']:.1f} %" if "false_negatives" in found else ""
    seeds = str(len(found["seeds"]))
    return [
        seeds,
        wrong,
        f"{found[FIGURE]:.3f}",
        *(_change(found["against"].get(other)) for other in others),
    ]


def _change(against: Mapping[str, Any] | None) -> str:
    if against is None:
        return ""
    change = against[FIGURE]
    return f"{change['change']:+.3f} ({change['low']:+.3f} to {change['high']:+.3f})"
