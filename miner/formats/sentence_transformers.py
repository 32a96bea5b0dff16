"""What sentence-transformers' trainers take; columns as its mine_hard_negatives names them by default.

https://sbert.net/docs/cross_encoder/loss_overview.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from miner.data import Row
from miner.errors import ConfigError
from miner.formats.base import Record, Sourced, Tabular
from miner.formats.tables import Kind
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class Triplet(Tabular, Spec):
    """anchor, positive, negative: each relevant passage with each negative.

    Lost: rows without negatives; texts repeated in a row; rows of one query become one.
    """

    name: ClassVar[str] = "triplet"
    anchor: str = "anchor"
    positive: str = "positive"
    negative: str = "negative"

    def carries(self, row: Row) -> bool:
        return bool(row.hard_negatives)

    def fields(self) -> Mapping[str, Kind]:
        return dict.fromkeys((self.anchor, self.positive, self.negative), "text")

    def encode(self, sourced: Sourced) -> Iterator[Record]:
        row = sourced.row
        for relevant in row.relevant_passages:
            for negative in row.hard_negatives:
                yield {self.anchor: row.query, self.positive: relevant, self.negative: negative}


@dataclass(frozen=True, repr=False)
class NTuple(Tabular, Spec):
    """anchor, positive, negative_1 to negative_n: each relevant passage with the first n negatives.

    Lost: rows with fewer negatives; negatives over n; repeated texts; rows of one query become one.
    """

    name: ClassVar[str] = "n_tuple"
    negatives: int = 5
    anchor: str = "anchor"
    positive: str = "positive"

    def __post_init__(self) -> None:
        if self.negatives < 1:
            raise ConfigError(f"n-tuple has negatives={self.negatives}; expected at least 1")

    def carries(self, row: Row) -> bool:
        return len(row.hard_negatives) >= self.negatives

    def fields(self) -> Mapping[str, Kind]:
        return dict.fromkeys((self.anchor, self.positive, *self._negatives()), "text")

    def encode(self, sourced: Sourced) -> Iterator[Record]:
        row = sourced.row
        first = row.hard_negatives[: self.negatives]
        for relevant in row.relevant_passages:
            yield dict(zip(self.fields(), (row.query, relevant, *first), strict=True))

    def _negatives(self) -> list[str]:
        return [f"negative_{number}" for number in range(1, self.negatives + 1)]


@dataclass(frozen=True, repr=False)
class LabeledPair(Tabular, Spec):
    """anchor, passage, label: 1 for a relevant passage, 0 for a negative.

    Lost: texts repeated in a row; rows of one query become one.
    """

    name: ClassVar[str] = "labeled_pair"
    anchor: str = "anchor"
    passage: str = "passage"

    def fields(self) -> Mapping[str, Kind]:
        return {self.anchor: "text", self.passage: "text", "label": "label"}

    def encode(self, sourced: Sourced) -> Iterator[Record]:
        row = sourced.row
        for label, texts in ((1, row.relevant_passages), (0, row.hard_negatives)):
            for text in texts:
                yield {self.anchor: row.query, self.passage: text, "label": label}


@dataclass(frozen=True, repr=False)
class LabeledList(Tabular, Spec):
    """anchor, passages, labels: all texts of a row, 1 for each relevant passage and 0 for each negative; with
    `scored` their scores instead, the teacher's or else similarities. Raises ConfigError where a row has none.
    """

    name: ClassVar[str] = "labeled_list"
    anchor: str = "anchor"
    passages: str = "passages"
    scored: bool = False

    def fields(self) -> Mapping[str, Kind]:
        return {
            self.anchor: "text",
            self.passages: "texts",
            "labels": "scores" if self.scored else "labels",
        }

    def encode(self, sourced: Sourced) -> Iterator[Record]:
        row = sourced.row
        labels: Sequence[float] = [1] * len(row.relevant_passages) + [0] * len(row.hard_negatives)
        if self.scored:
            if (scores := sourced.scores()) is None:
                raise ConfigError(
                    f"labeled-list(scored=True): no scores are known of query {row.query[:80]!r}"
                )
            labels = [*scores[0], *scores[1]]
        yield {
            self.anchor: row.query,
            self.passages: [*row.relevant_passages, *row.hard_negatives],
            "labels": labels,
        }
