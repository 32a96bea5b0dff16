"""The rules that a whole file, or training and evaluation together, keep or break."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from miner.data import Bool, Int64
from miner.progress import count_of
from miner.validating.across import hash_of
from miner.validating.texts import RowTexts

TRAIN_QUERIES = 256
EVAL_QUERIES = 64
MOST_BYTES = 1_500_000_000

Breach = tuple[int | None, str]
"""The line that breaks a rule (None: the whole file) and the message."""


@dataclass
class Census:
    """What is remembered of a file: numbers, and of each query its line and 8 bytes of hash, of it as it stands and
    of it without its dress.
    """

    file: str
    size: int = 0
    """Bytes, unpacked."""
    rows: int = 0
    relevant: int = 0
    negatives: int = 0
    hashes: array[int] = field(default_factory=lambda: array("Q"))
    bare: array[int] = field(default_factory=lambda: array("Q"))
    lines: array[int] = field(default_factory=lambda: array("Q"))

    def take(self, line: int, texts: RowTexts) -> None:
        self.rows += 1
        self.relevant += len(texts.relevant)
        self.negatives += len(texts.negatives)
        if texts.query and texts.query.strip():
            digest = hashlib.blake2b(texts.query.encode(), digest_size=8).digest()
            self.hashes.append(int.from_bytes(digest, "little"))
            self.bare.append(hash_of(texts.query))
            self.lines.append(line)

    @property
    def keys(self) -> NDArray[np.uint64]:
        return np.frombuffer(self.hashes, np.uint64) if self.hashes else np.empty(0, np.uint64)

    @property
    def unique(self) -> int:
        return len(np.unique(self.keys))

    def record(self) -> dict[str, Any]:
        """Cohere's preview numbers."""
        rows = max(self.rows, 1)
        return {
            "file": self.file,
            "queries": self.rows,
            "unique_queries": self.unique,
            "relevant_passages": self.relevant,
            "hard_negatives": self.negatives,
            "average_relevant_passages": self.relevant / rows,
            "average_hard_negatives": self.negatives / rows,
            "bytes": self.size,
        }


def few_queries(train: Census) -> Iterable[Breach]:
    """preparing-the-data, in its words."""
    if train.unique < TRAIN_QUERIES:
        expected = f"Your dataset contains at least {TRAIN_QUERIES} unique queries, in total"
        yield None, f"has {count_of(train.unique, 'unique query')}; expected: {expected}"


def few_queries_to_split(train: Census) -> Iterable[Breach]:
    """The datasets page asks for more than the page above, where part becomes the evaluation set."""
    if TRAIN_QUERIES <= train.unique < TRAIN_QUERIES + EVAL_QUERIES:
        expected = f"{TRAIN_QUERIES} train examples and at least {EVAL_QUERIES} evaluation examples"
        yield (
            None,
            f"has {count_of(train.unique, 'unique query')} and no evaluation file beside it; expected: {expected}",
        )


def few_evaluation_queries(evaluation: Census) -> Iterable[Breach]:
    """Dashboard, in its words."""
    if evaluation.unique < EVAL_QUERIES:
        expected = f"at least {EVAL_QUERIES} unique validation queries"
        yield None, f"has {count_of(evaluation.unique, 'unique query')}; expected: {expected}"


def repeated_query(census: Census) -> Iterator[Breach]:
    """A query that an earlier line has too."""
    keys, first = census.keys, _first(census.keys)
    for place in np.flatnonzero(first < np.arange(len(keys))):
        yield census.lines[place], f"the query is that of line {census.lines[first[place]]} again"


def shared_query(train: Census, evaluation: Census) -> Iterator[Breach]:
    """Dashboard: don't repeat queries from the training set."""
    order = np.argsort(train.keys, kind="stable")
    ordered = train.keys[order]
    places = np.searchsorted(ordered, evaluation.keys)
    for here in np.flatnonzero(_found(ordered, places, evaluation.keys)):
        there = train.lines[order[places[here]]]
        yield (
            evaluation.lines[here],
            f"the query is that of {train.file}:{there}; Don't repeat queries from the training set.",
        )


def too_large(size: int) -> Iterable[Breach]:
    """The datasets page: 1.5 GB a dataset, training and evaluation together."""
    if size > MOST_BYTES:
        yield None, f"the dataset has {size / 1e9:.2f} GB; at most {MOST_BYTES / 1e9} GB are taken"


def _first(keys: NDArray[np.uint64]) -> Int64:
    """For each key the place where the same key stands first."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)


def _found(ordered: NDArray[np.uint64], places: Int64, keys: NDArray[np.uint64]) -> Bool:
    inside = places < len(ordered)
    inside[inside] = ordered[places[inside]] == keys[inside]
    return inside
