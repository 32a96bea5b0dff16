"""What comparing two files gives: numbers, JSON and a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miner.comparing.figures import ComparedFigure
from miner.comparing.sides import FileSide
from miner.comparing.texts import InBoth, JudgedShare

if TYPE_CHECKING:
    from miner.comparing.contest import Contest

TABLE_HEADER = ("", "A", "B", "B - A (95 % interval)")


@dataclass(frozen=True)
class RowsComparison:
    """Two files of rows, and what is told of the queries that both have."""

    a: FileSide
    b: FileSide
    queries: InBoth
    relevant: InBoth
    """Of the queries of both files, as are the negatives."""
    negatives: InBoth
    figures: tuple[ComparedFigure, ...]
    judged: tuple[JudgedShare, JudgedShare] | None
    """None where nothing is known that was judged."""
    measured: int
    """Queries that were encoded, or searched in the index."""
    contest: Contest | None = None

    def record(self) -> dict[str, Any]:
        """The comparison as JSON-able values."""
        told = (
            None if self.judged is None else dict(zip("ab", (j.record() for j in self.judged), strict=True))
        )
        return {
            "a": _side(self.a),
            "b": _side(self.b),
            "queries": self.queries.record(),
            "relevant_passages": self.relevant.record(),
            "negatives": self.negatives.record(),
            "figures": {figure.key: figure.record() for figure in self.figures},
            "judged": told,
            "measured_queries": self.measured,
            "training": None if self.contest is None else self.contest.record(),
        }

    def table(self) -> list[tuple[str, str, str, str]]:
        """Rows of what it is, both files, and the difference with its 95 % interval."""
        counts = {
            "queries": self.queries,
            "relevant passages": self.relevant,
            "negatives": self.negatives,
        }
        lines = [("rows", f"{self.a.rows:,}", f"{self.b.rows:,}", "")]
        lines += [
            (f"{name} in this file only", f"{found.only_a:,}", f"{found.only_b:,}", f"{found.both:,} in both")
            for name, found in counts.items()
        ]
        lines += [figure.line() for figure in self.figures]
        if self.judged is not None:
            lines.append(("judged to answer", str(self.judged[0]), str(self.judged[1]), ""))
        return lines


def _side(side: FileSide) -> dict[str, Any]:
    return {"file": side.name, "rows": side.rows, "queries": len(side.queries)}
