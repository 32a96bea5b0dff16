"""Rows in the layouts of sentence-transformers' mine_hard_negatives, with or without scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A query, its positives and its negatives, best first, each with its score."""

    query: str
    positives: list[tuple[str, float]]
    negatives: list[tuple[str, float]]


@dataclass(frozen=True)
class TupleLayout:
    """Which columns are made of a row: `anchor` and `positive` are what the first two are called, `negatives` how
    many an n-tuple has; with `scored` there is a score for each text in the place of labels.
    """

    name: str
    anchor: str
    positive: str
    negatives: int
    scored: bool

    def table(self, rows: Iterable[ScoredRow]) -> pa.Table:
        import pyarrow as pa

        kinds = ((name, pa.string() if kind is str else kind) for name, kind in self._kinds())
        schema = pa.schema(list(kinds))
        lines = (line for row in rows for line in LAYOUTS[self.name](self, row))
        return pa.Table.from_pylist([dict(zip(schema.names, line, strict=True)) for line in lines], schema)

    def _kinds(self) -> list[tuple[str, Any]]:
        import pyarrow as pa

        scores = [("scores", pa.list_(pa.float64()))] if self.scored else []
        first: list[tuple[str, Any]] = [(self.anchor, str), (self.positive, str)]
        if self.name == "triplet":
            return [*first, ("negative", str), *scores]
        if self.name == "n-tuple":
            return [*first, *((f"negative_{i}", str) for i in range(1, self.negatives + 1)), *scores]
        if self.name == "labeled-pair":
            return [*first, ("score", pa.float64()) if self.scored else ("label", pa.int64())]
        labels = scores or [("labels", pa.list_(pa.int64()))]
        return [(self.anchor, str), (self.positive, pa.list_(pa.string())), *labels]


Line = tuple[Any, ...]


def _triplets(layout: TupleLayout, row: ScoredRow) -> Iterator[Line]:
    for positive, of_positive in row.positives:
        for negative, score in row.negatives:
            yield (row.query, positive, negative, *([[of_positive, score]] if layout.scored else []))


def _n_tuples(layout: TupleLayout, row: ScoredRow) -> Iterator[Line]:
    if len(row.negatives) < layout.negatives:
        return
    texts, scores = zip(*row.negatives[: layout.negatives], strict=True)
    for positive, of_positive in row.positives:
        yield (row.query, positive, *texts, *([[of_positive, *scores]] if layout.scored else []))


def _labeled_pairs(layout: TupleLayout, row: ScoredRow) -> Iterator[Line]:
    for label, texts in ((1, row.positives), (0, row.negatives)):
        for text, score in texts:
            yield row.query, text, score if layout.scored else label


def _labeled_lists(layout: TupleLayout, row: ScoredRow) -> Iterator[Line]:
    """A list for each positive, as there."""
    for positive in row.positives if row.negatives else ():
        texts, scores = zip(positive, *row.negatives, strict=True)
        labels = [1, *(0 for _ in row.negatives)]
        yield row.query, list(texts), list(scores) if layout.scored else labels


LAYOUTS: dict[str, Callable[[TupleLayout, ScoredRow], Iterator[Line]]] = {
    "triplet": _triplets,
    "n-tuple": _n_tuples,
    "labeled-pair": _labeled_pairs,
    "labeled-list": _labeled_lists,
}
