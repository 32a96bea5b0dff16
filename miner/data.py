"""The types that travel between stages.

Text enters as Passage and Query and leaves as Row. In between travel int64 row numbers,
float32 similarities and uint8 verdicts. Shapes: Q queries, K candidates a query, P relevant
passages of all the queries of a block together, n negatives a query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Half = NDArray[np.float16]
UInt8 = NDArray[np.uint8]
UInt16 = NDArray[np.uint16]
UInt64 = NDArray[np.uint64]
Bool = NDArray[np.bool_]

CountTokens = Callable[[Sequence[str]], list[int]]
"""The tokens of each text, special ones aside."""

PADDING = -1
RISK, TEACHER = "risk", "teacher"
"""Evidence that a pool holds where a filter or selector needs it."""
OF_RELEVANT = "teacher_of_relevant"
"""The teacher's scores of the relevant passages, [P]."""
KEPT, PADDED, FIRST_REJECTION = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage of a corpus. `source` is the file it came from, relative to the corpus;
    `offset` is its first line in that file (JSONL, CSV: the line or row; from 1) or, for a
    passage split out of a document, the first character (from 0).
    """

    id: str
    text: str
    title: str = ""
    source: str = ""
    offset: int = 0
    document: str = ""
    """The document it is a part of, where its record names one."""

    @property
    def encoded(self) -> str:
        """What the encoder sees: title and text."""
        return join_title(self.title, self.text)


def join_title(title: str, text: str) -> str:
    """The text under its title; a title alone where the text is blank."""
    if not title:
        return text
    return f"{title}\n{text}" if text.strip() else title


@dataclass(frozen=True, slots=True)
class Query:
    """A query with what is known to answer it: passages by text and passages by id.
    `hard_negatives` are the negatives that its row already had. `place` is 'file:line'.
    """

    text: str
    relevant_passages: tuple[str, ...] = ()
    relevant_ids: tuple[str, ...] = ()
    hard_negatives: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Best first, ties by row. rows int64 [Q, K], PADDING where the corpus ended;
    scores float32 [Q, K], cosine, -inf at padding; ranks int64 [indexes, Q, K], of candidates that
    several indexes found: the rank in each, from 1, 0 where it did not find them.
    """

    rows: Int64
    scores: Float32
    ranks: Int64 | None = None

    def part(self, queries: Sequence[int]) -> Candidates:
        """The candidates of some of the queries."""
        which = list(queries)
        ranks = None if self.ranks is None else self.ranks[:, which]
        return Candidates(self.rows[which], self.scores[which], ranks)


@dataclass(frozen=True, slots=True)
class Pool:
    """All that filters and selectors may look at for a block of queries.

    The relevant passages of query i are offsets[i]:offsets[i+1] of the P axis.
    """

    rows: Int64
    """[Q, K] candidates, PADDING where there is none."""
    scores: Float32
    """[Q, K] cosine to the query."""
    match: UInt8
    """[Q, K] a miner.text.match.Match code: 0 none, else why the candidate equals a relevant passage."""
    offsets: Int64
    """[Q + 1]"""
    relevant_rows: Int64
    """[P] row of the relevant passage, PADDING if it is not in the corpus."""
    relevant_scores: Float32
    """[P] cosine of query and relevant passage."""
    to_relevant: Float32
    """[P, K] cosine of relevant passage and candidate."""
    covered: Float32
    """[Q, K] share of the query's shingles that stand in the candidate."""
    shared: Float32
    """[P, K] shingles that relevant passage and candidate have in common beyond the query's, as a cosine."""
    queries: Half
    """[Q, d] unit vectors of the queries."""
    relevant: Half
    """[P, d] unit vectors of the relevant passages."""
    sibling: UInt8
    """[Q, K] a miner.siblings.Sibling code: how the candidate stands to the relevant passages' documents."""
    documents: UInt64
    """[Q, K] a hash of the document each candidate belongs to."""
    keys: UInt64
    """[Q] a hash of the query's text, to seed choices that do not depend on the order of queries."""
    vectors: Callable[[Int64], Half]
    """Rows to their unit vectors, fp16 [..., d]."""
    spread: Callable[[Half], Float32]
    """Unit vectors [N, d] to mean and standard deviation of their cosines to the whole corpus, [N, 2]."""
    evidence: Mapping[str, Float32] = field(default_factory=dict)
    """Further evidence by name: [Q, K] 'teacher', [P] 'teacher_of_relevant'."""
    ranks: Int64 | None = None
    """[indexes, Q, K] as in Candidates, when several indexes were searched."""
    risk: Float32 | None = None
    """[Q, K] estimated probability that the candidate answers the query."""
    judged: UInt8 | None = None
    """[Q, K] a miner.judgments.known.Standing code: what was said of the candidate, if anything was."""

    @property
    def verified(self) -> Bool:
        """[Q, K] judged not to answer by somebody whose word is taken."""
        judged = np.zeros(self.rows.shape, np.uint8) if self.judged is None else self.judged
        return np.equal(judged, 1)

    @property
    def valid(self) -> Bool:
        return np.not_equal(self.rows, PADDING)

    @property
    def nearest(self) -> Float32:
        """[Q, K] cosine of each candidate to the nearest relevant passage of its query."""
        return np.stack([block.max(axis=0) for block in self.by_query(self.to_relevant)])

    @property
    def best(self) -> Float32:
        """[Q] the highest cosine of a query and one of its relevant passages."""
        return np.array([block.max() for block in self.by_query(self.relevant_scores)], np.float32)

    def among(self, query: int, columns: Int64) -> Float32:
        """[C, C] cosines of some candidates of one query with each other, exact."""
        vectors = self.vectors(self.rows[query, columns]).astype(np.float64)
        return np.asarray(vectors @ vectors.T, np.float32)

    def by_query(self, values: Float32) -> list[Float32]:
        """An array over the P axis, cut into one piece a query."""
        return np.split(values, self.offsets[1:-1])


@dataclass(frozen=True, slots=True)
class Selection:
    """Columns of the pool chosen for each query: int64 [Q, n], best first, PADDING where short."""

    columns: Int64


@dataclass(frozen=True, slots=True)
class Negative:
    """A chosen negative with its evidence."""

    text: str
    id: str
    source: str
    rank: int
    """From 1, among all passages of the corpus by similarity to the query."""
    similarity: float
    """Cosine to the query."""
    to_relevant: float
    """Cosine to the nearest relevant passage."""
    share: float | None
    """Similarity over the best relevant passage's similarity to the query, if that is above 0."""
    risk: float | None = None
    """Estimated probability that it answers the query after all."""
    teacher: float | None = None
    """The teacher's score of query and passage."""
    found_by: Mapping[str, int] = field(default_factory=dict)
    """With several indexes: the rank in each of those that found it."""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of training data, as Cohere's rerank fine-tuning takes it."""

    query: str
    relevant_passages: tuple[str, ...]
    hard_negatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MinedRow(Row):
    """A row with the evidence for each negative that was mined; those it came with are only in `hard_negatives`."""

    negatives: tuple[Negative, ...] = ()
