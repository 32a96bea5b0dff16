"""What ties rows together: shared queries, shared relevant passages, near-paraphrases of queries."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from miner.data import Int64, Row
from miner.encoders.base import Encoder
from miner.splitting.near import groups, linked
from miner.text.fold import fold, fold_kept


@dataclass
class Ties:
    """Rows as they are read, by hashes of their folded texts (see miner.text.fold)."""

    queries: list[str] = field(default_factory=list)
    """One for each folded query, the first; position = number of the query."""
    query_of: array[int] = field(default_factory=lambda: array("q"))
    """For each row the number of its query."""
    passages: array[int] = field(default_factory=lambda: array("q"))
    owners: array[int] = field(default_factory=lambda: array("q"))
    """Hash of each relevant passage, and the number of its query."""

    def __post_init__(self) -> None:
        self._numbers: dict[bytes, int] = {}

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Ties:
        ties = cls()
        for row in rows:
            ties.take(row)
        return ties

    def take(self, row: Row) -> None:
        number = self._numbers.setdefault(fold(row.query), len(self.queries))
        if number == len(self.queries):
            self.queries.append(row.query)
        self.query_of.append(number)
        for passage in row.relevant_passages:
            self.passages.append(text_key(passage))
            self.owners.append(number)

    def components(self, encoder: Encoder | None, near: float) -> Components:
        """Which queries must stay together; near-paraphrases only where an encoder is given."""
        count = len(self.queries)
        owners = np.array(self.owners, np.int64)
        _, passages = np.unique(np.array(self.passages, np.int64), return_inverse=True)
        shared = np.stack([owners, count + passages.astype(np.int64)], axis=1)
        nodes = count + int(passages.max(initial=-1)) + 1
        by_passage = groups(shared, nodes)[:count]
        paraphrases = np.empty((0, 2), np.int64)
        if encoder is not None and count:
            paraphrases = linked(encoder.encode_queries(self.queries), near)
        labels = groups(np.concatenate([shared, paraphrases]), nodes)[:count]
        return Components(
            np.unique(labels, return_inverse=True)[1].astype(np.int64),
            np.array(self.query_of, np.int64),
            tied_by_passage=count - len(np.unique(by_passage)),
            tied_by_paraphrase=len(np.unique(by_passage)) - len(np.unique(labels)),
        )


@dataclass(frozen=True)
class Components:
    """Groups of queries that share nothing with other groups."""

    of_query: Int64
    """[queries] the component of each, from 0."""
    query_of: Int64
    """[rows] the query of each row."""
    tied_by_passage: int
    """By how many shared relevant passages lower the number of groups from that of the queries."""
    tied_by_paraphrase: int
    """By how many near-paraphrases lower it further."""

    @property
    def sizes(self) -> Int64:
        """Queries in each component."""
        return np.bincount(self.of_query).astype(np.int64)


def text_key(text: str) -> int:
    """A signed 8-byte hash of the folded text."""
    digest = hashlib.blake2b(fold_kept(text), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
