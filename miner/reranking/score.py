"""Rerankers: a query and documents in, a score for each document out.

An encoder scores by cosine, a cross-encoder by its logit. A cross-encoder that was trained from an encoder
has seen little, so it is scored together with that encoder: the sum of both scores after standardising each
over the documents of the query (Fox & Shaw 1994's CombSUM on z-scores).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from miner.data import Float32
from miner.errors import ModelError
from miner.reranking.kept import KeptVectors

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer

Request = tuple[str, Sequence[str]]
"""A query and its documents."""

BATCH = 32
KEPT = 2**28
"""Bytes of vectors that `keeping` holds: of 150,000 documents at 384 dimensions."""


class Reranker(Protocol):
    """Anything that scores documents for queries; higher is more relevant."""

    @property
    def arch(self) -> str:
        """'bi', 'cross' or 'combined'."""

    @property
    def max_length(self) -> int:
        """Tokens after which a text (bi) or a pair (cross) is cut."""

    def score(self, query: str, documents: Sequence[str]) -> Float32:
        """One score a document, float32 [documents], in order."""

    def score_all(self, requests: Sequence[Request]) -> list[Float32]:
        """As score, for many queries at once."""

    def relevance(self, scores: Float32) -> Float32:
        """Scores mapped into [0, 1], order kept."""


class _Alone:
    """score by way of score_all."""

    def score(self: Any, query: str, documents: Sequence[str]) -> Float32:
        scores: Float32 = self.score_all([(query, documents)])[0]
        return scores


@dataclass(frozen=True)
class BiReranker(_Alone):
    """Cosine of query and document vectors; those of documents may be kept."""

    model: SentenceTransformer
    arch: str = "bi"
    kept: KeptVectors | None = None

    @property
    def max_length(self) -> int:
        return int(self.model.max_seq_length or 0)

    def score_all(self, requests: Sequence[Request]) -> list[Float32]:
        if not requests:
            return []
        queries, query_of = _unique([query for query, _ in requests])
        texts, text_of = _unique([text for _, documents in requests for text in documents])
        q = self._encode(self.model.encode_query, queries)
        if self.kept is None or not texts:
            d = self._documents(texts)
        else:
            d = self.kept.rows(texts, self._documents, b"passage")
        scores, start = [], 0
        for i, (_, documents) in enumerate(requests):
            rows = text_of[start : start + len(documents)]
            scores.append(_finite(d[rows] @ q[query_of[i]]) if rows else np.empty(0, np.float32))
            start += len(documents)
        return scores

    def relevance(self, scores: Float32) -> Float32:
        return np.asarray(np.clip((scores + 1) / 2, 0, 1), np.float32)

    def _documents(self, texts: Sequence[str]) -> Float32:
        return self._encode(self.model.encode_document, list(texts))

    @staticmethod
    def _encode(encode: Any, texts: list[str]) -> Float32:
        if not texts:
            return np.empty((0, 0), np.float32)
        vectors: Float32 = encode(
            texts, batch_size=BATCH, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        ).astype(np.float32)
        return vectors


@dataclass(frozen=True)
class CrossReranker(_Alone):
    """The logit of a cross-encoder."""

    model: CrossEncoder
    arch: str = "cross"

    @property
    def max_length(self) -> int:
        return int(self.model.max_seq_length or 0)

    def score_all(self, requests: Sequence[Request]) -> list[Float32]:
        from torch.nn import Identity

        pairs = [(query, text) for query, documents in requests for text in documents]
        if not pairs:
            return [np.empty(0, np.float32) for _ in requests]
        logits = self.model.predict(
            pairs, batch_size=BATCH, activation_fn=Identity(), convert_to_numpy=True, show_progress_bar=False
        )
        flat = _finite(np.asarray(logits, np.float32).reshape(-1))
        borders = np.cumsum([len(documents) for _, documents in requests])[:-1]
        return np.split(flat, borders)

    def relevance(self, scores: Float32) -> Float32:
        return _sigmoid(scores)


@dataclass(frozen=True)
class CombinedReranker(_Alone):
    """z(cross-encoder) + z(encoder), each standardised over the documents of the query."""

    cross: Reranker
    bi: Reranker
    arch: str = "combined"

    @property
    def max_length(self) -> int:
        return self.cross.max_length

    def score_all(self, requests: Sequence[Request]) -> list[Float32]:
        both = zip(self.cross.score_all(requests), self.bi.score_all(requests), strict=True)
        return [self.combine(cross, bi) for cross, bi in both]

    def combine(self, cross: Float32, bi: Float32) -> Float32:
        """The scores of one request out of those of both models."""
        return standardise(cross) + standardise(bi)

    def relevance(self, scores: Float32) -> Float32:
        return _sigmoid(scores)


def keeping(reranker: Reranker) -> Reranker:
    """The reranker as it is, for requests that share documents: an encoder encodes each of them once."""
    if isinstance(reranker, CombinedReranker):
        return replace(reranker, bi=keeping(reranker.bi))
    if isinstance(reranker, BiReranker) and reranker.kept is None:
        return replace(reranker, kept=KeptVectors(KEPT))
    return reranker


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document's place in the request, its score, and that mapped into [0, 1]."""

    index: int
    score: float
    relevance: float


def rank(reranker: Reranker, requests: Sequence[Request], top: int | None = None) -> list[list[Ranked]]:
    """The documents of each request, best first, equal scores in order of place; the first `top` of them."""
    return [order(reranker, scores, top) for scores in reranker.score_all(requests)]


def order(reranker: Reranker, scores: Float32, top: int | None = None) -> list[Ranked]:
    """The places of one request's scores, as `rank` gives them."""
    relevance = reranker.relevance(scores)
    return [
        Ranked(int(i), round(float(scores[i]), 6), round(float(relevance[i]), 6))
        for i in np.argsort(-scores, kind="stable")[:top]
    ]


def standardise(scores: Float32) -> Float32:
    """Mean 0 and deviation 1; all 0 where the scores do not differ."""
    if not len(scores):
        return scores
    wide = scores.astype(np.float64)
    deviation = float(wide.std())
    if deviation < 1e-9:
        return np.zeros_like(scores)
    return np.asarray((wide - wide.mean()) / deviation, np.float32)


def _sigmoid(scores: Float32) -> Float32:
    return np.asarray(1 / (1 + np.exp(-np.clip(scores.astype(np.float64), -50, 50))), np.float32)


def _unique(texts: list[str]) -> tuple[list[str], list[int]]:
    places: dict[str, int] = {}
    rows = [places.setdefault(text, len(places)) for text in texts]
    return list(places), rows


def _finite(scores: Float32) -> Float32:
    if not np.isfinite(scores).all():
        raise ModelError("the model gives scores that are not numbers; its weights are damaged")
    return np.asarray(scores, np.float32)
