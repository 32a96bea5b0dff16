"""What texts alone tell of both files: how many there are, which stand in one only, which are relevant passages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from miner.comparing.figures import ComparedFigure, figure, mean_or_nan
from miner.comparing.sides import Evidence, FileSide, MergedRow, RowPair
from miner.data import Float64, Int64
from miner.judgments import KnownJudgments
from miner.judgments.known import Standing, WeighedVerdict
from miner.judgments.record import key_of
from miner.judgments.wilson import wilson
from miner.text.match import Match, MatchRequest, match_all
from miner.text.near_copies import NearCopies

COPIES = (Match.SAME_ID, Match.SAME_TEXT, Match.SAME_PRESENTED, Match.NEAR_COPY)
"""Why a negative can be nothing but wrong."""


@dataclass(frozen=True, slots=True)
class InBoth:
    """Things that both files have, and those that one has alone."""

    both: int
    only_a: int
    only_b: int

    @classmethod
    def of(cls, pairs: Sequence[tuple[Mapping[bytes, Any], Mapping[bytes, Any]]]) -> InBoth:
        both = sum(len(a.keys() & b.keys()) for a, b in pairs)
        return cls(both, sum(len(a) for a, _ in pairs) - both, sum(len(b) for _, b in pairs) - both)

    def record(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class JudgedShare:
    """Of the negatives of one file that somebody judged, those that answer their query."""

    judged: int
    false: int

    def record(self) -> dict[str, Any]:
        low, high = self.interval
        return {"judged": self.judged, "false": self.false, "low": round(low, 6), "high": round(high, 6)}

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.false / self.judged, self.judged) if self.judged else (0.0, 1.0)

    def __str__(self) -> str:
        if not self.judged:
            return "none judged"
        low, high = self.interval
        return f"{self.false:,} of {self.judged:,} ({low:.0%} to {high:.0%})"


def of_each(
    pairs: Sequence[RowPair], value: Callable[[RowPair, MergedRow], float]
) -> tuple[Float64, Float64]:
    """[pairs] of a value for the first side, and for the second."""
    found = [[value(pair, side) for side in pair.sides] for pair in pairs]
    columns = np.array(found, np.float64).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


def counted(pairs: Sequence[RowPair], groups: Int64) -> Iterator[ComparedFigure | None]:
    """How many passages a query has of either kind."""
    for key, title in (("relevant", "relevant passages a query"), ("negatives", "negatives a query")):
        sides = of_each(pairs, lambda _, side, key=key: len(getattr(side, key)))  # type: ignore[misc]
        yield figure(f"{key}_per_query", title, sides, groups, share=False)


def clashes(
    pairs: Sequence[RowPair], groups: Int64, files: Sequence[FileSide], near: NearCopies
) -> Iterator[ComparedFigure | None]:
    """Which negatives are relevant passages: of their own query in either file, or of another."""
    same = [_copies(pairs, place, near) for place in (0, 1)]
    yield figure("same_as_relevant", "same as a relevant passage of the query", (same[0], same[1]), groups)
    uses = Counter(text for key in {**files[0].queries, **files[1].queries} for text in _relevant(key, files))

    def elsewhere(pair: RowPair, side: MergedRow) -> float:
        own = pair.relevant
        return mean_or_nan(uses[key] > (key in own) for key in side.negatives)

    yield figure("relevant_elsewhere", "relevant passage of another query", of_each(pairs, elsewhere), groups)


def _relevant(key: bytes, files: Sequence[FileSide]) -> set[bytes]:
    """Folded relevant passages of a query in either file."""
    return {text for side in files if key in side.queries for text in side.queries[key].relevant}


def _copies(pairs: Sequence[RowPair], place: int, near: NearCopies) -> Float64:
    asked = [
        MatchRequest(pair.query, tuple(pair.sides[place].negatives.values()), tuple(pair.relevant.values()))
        for pair in pairs
    ]
    return np.array([mean_or_nan(np.isin(codes, COPIES)) for codes in match_all(asked, near)], np.float64)


def receipted(pairs: Sequence[RowPair], name: str) -> tuple[Float64, Float64]:
    """[pairs] means of a number that receipts have of each negative; NaN where none has it."""

    def mean(_: RowPair, side: MergedRow) -> float:
        values = (entry.get(name) for entry in side.evidence.values())
        return mean_or_nan(value for value in values if isinstance(value, int | float))

    return of_each(pairs, mean)


def judged(pairs: Sequence[RowPair], known: KnownJudgments) -> tuple[JudgedShare, JudgedShare]:
    """What was said of the negatives of each file. What answers in part, or is unsure, is left out."""
    counts = [[0, 0], [0, 0]]
    for pair in pairs:
        texts, ids = known.about(pair.query), known.by_id(pair.query)
        for place, side in enumerate(pair.sides):
            for key, text in side.negatives.items():
                verdict = _verdict(texts, ids, text, side.evidence[key])
                counts[place][0] += verdict is not None
                counts[place][1] += verdict is True
    return JudgedShare(*counts[0]), JudgedShare(*counts[1])


def _verdict(
    texts: Mapping[bytes, WeighedVerdict], ids: Mapping[str, WeighedVerdict], text: str, entry: Evidence
) -> bool | None:
    """Whether it was judged to answer; None where nothing settles it."""
    found = texts.get(key_of(text)) or ids.get(entry.get("id") or "")
    if found is None:
        return None
    if found.answers:
        return True
    return False if found.standing == Standing.VERIFIED else None
