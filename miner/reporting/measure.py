"""What is measured with an encoder, on a sample of the rows: token lengths and near-paraphrases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from miner.data import CountTokens, Float64
from miner.encoders.base import Encoder
from miner.models.locate import BUNDLED_PACKAGE
from miner.models.tokenizer import token_counter
from miner.reporting.paraphrase import clusters, distinct, lexical_vectors
from miner.reporting.records import Record
from miner.reporting.statistics import Histogram, TokenCounts, grid, histogram, tokens
from miner.validating.lengths import MAX_TOKENS

OVERFLOW = 2 * MAX_TOKENS
"""Longer pairs are counted in the histogram's last bin."""
EMBEDDED_ALIKE, LEXICAL_ALIKE = 0.9, 0.8
WORDS = "shared character n-grams, rare ones weighing more (TF-IDF)"


@dataclass(frozen=True, slots=True)
class Gauge:
    """What to measure with: a tokenizer by its name and, to group queries by meaning, an encoder."""

    tokenizer: str
    count_tokens: CountTokens
    encoder: Encoder | None = None


@dataclass(frozen=True, slots=True)
class TokenLengths:
    """Tokens of query + passage over the pairs of `rows` sampled rows."""

    rows: int
    limit: int
    counted_by: str
    relevant: TokenCounts | None
    negatives: TokenCounts | None
    relevant_bins: Histogram
    negative_bins: Histogram


@dataclass(frozen=True, slots=True)
class ParaphraseGroup:
    """Queries alike, the first and some of the others."""

    size: int
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paraphrases:
    """Groups of distinct queries that are at least `threshold` alike to the first of their group."""

    queries: int
    """Distinct queries looked at, of `rows` sampled rows."""
    rows: int
    method: str
    by_meaning: bool
    """Whether a model told which are alike, not their letters."""
    threshold: float
    groups: int
    grouped: int
    """Queries that are in a group."""
    largest: int
    examples: tuple[ParaphraseGroup, ...]


def gauge(model: str | None = None) -> Gauge:
    """Measure with a model; without one, count tokens as the bundled model does and group by words.

    Raises MissingExtra if no model is named and none is bundled, and what loading a model raises.
    """
    if model is None:
        return Gauge(BUNDLED_PACKAGE, token_counter())
    from miner.encoders.load import load_encoder

    encoder: Encoder = load_encoder(model)
    return Gauge(model, encoder.count_tokens, encoder)


def lengths(records: Sequence[Record], gauge: Gauge) -> TokenLengths:
    """Count each text once, then pair."""
    rows = [record.row for record in records]
    texts = list(
        dict.fromkeys(
            text for row in rows for text in (row.query, *row.relevant_passages, *row.hard_negatives)
        )
    )
    counted = dict(zip(texts, gauge.count_tokens(texts), strict=True))
    pairs = {
        "relevant": [(counted[row.query], counted[text]) for row in rows for text in row.relevant_passages],
        "negatives": [(counted[row.query], counted[text]) for row in rows for text in row.hard_negatives],
    }
    sums = {kind: np.minimum([q + p for q, p in found], OVERFLOW) for kind, found in pairs.items()}
    edges = grid(0, max(int(column.max(initial=0)) for column in sums.values()), least=1)
    return TokenLengths(
        rows=len(rows),
        limit=MAX_TOKENS,
        counted_by=gauge.tokenizer,
        relevant=_tokens(pairs["relevant"]),
        negatives=_tokens(pairs["negatives"]),
        relevant_bins=_bins(sums["relevant"], edges),
        negative_bins=_bins(sums["negatives"], edges),
    )


def paraphrases(records: Sequence[Record], encoder: Encoder | None, shown: int = 12) -> Paraphrases:
    """Group near-paraphrases by the encoder's vectors or, without one, by their character n-grams.

    `shown` groups come with up to six of their queries.
    """
    queries = distinct(record.row.query for record in records)
    threshold = LEXICAL_ALIKE if encoder is None else EMBEDDED_ALIKE
    vectors = lexical_vectors(queries) if encoder is None else encoder.encode_queries(queries)
    groups = clusters(vectors, threshold)
    return Paraphrases(
        queries=len(queries),
        rows=len(records),
        method=WORDS
        if encoder is None
        else f"the vectors of {encoder.fingerprint.get('model', 'the encoder')}",
        by_meaning=encoder is not None,
        threshold=threshold,
        groups=len(groups),
        grouped=sum(map(len, groups)),
        largest=max(map(len, groups), default=0),
        examples=tuple(
            ParaphraseGroup(len(group), tuple(queries[i] for i in group[:6])) for group in groups[:shown]
        ),
    )


def _tokens(pairs: Iterable[tuple[int, int]]) -> TokenCounts | None:
    found = list(pairs)
    return tokens([query for query, _ in found], [passage for _, passage in found], MAX_TOKENS)


def _bins(column: Float64, edges: Float64) -> Histogram:
    return histogram(column, edges) if column.size else ()
