"""An encoder's reranker that serves: miner's own encoder, whose vectors depend on their text alone, and kept ones.

It scores as BiReranker does, but what stands beside a document changes not a bit of its score, and a passage that
was seen before costs a look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from miner.data import Float32
from miner.encoders.base import Encoder
from miner.errors import ModelError
from miner.reranking.kept import KeptVectors
from miner.reranking.score import Request


@dataclass(frozen=True)
class EncoderReranker:
    """Cosine of query and document vectors."""

    encoder: Encoder
    max_length: int
    kept: KeptVectors = field(default_factory=lambda: KeptVectors(64 * 2**20))
    arch: str = "bi"

    def score(self, query: str, documents: Sequence[str]) -> Float32:
        return self.score_all([(query, documents)])[0]

    def score_all(self, requests: Sequence[Request]) -> list[Float32]:
        queries = [query for query, _ in requests]
        texts = [text for _, documents in requests for text in documents]
        if not texts:
            return [np.empty(0, np.float32) for _ in requests]
        q = self.kept.rows(queries, self.encoder.encode_queries, b"query")
        d = self.kept.rows(texts, self.encoder.encode_passages, b"passage")
        of = np.repeat(np.arange(len(requests)), [len(documents) for _, documents in requests])
        scores = np.asarray((d.astype(np.float64) * q[of]).sum(axis=1), np.float32)
        if not np.isfinite(scores).all():
            raise ModelError("the model gives scores that are not numbers; its weights are damaged")
        return np.split(scores, np.cumsum([len(documents) for _, documents in requests])[:-1])

    def relevance(self, scores: Float32) -> Float32:
        return np.asarray(np.clip((scores + 1) / 2, 0, 1), np.float32)
