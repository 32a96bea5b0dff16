"""An encoder's reranker that serves: miner's own encoder, whose vectors depend on their text alone, and kept ones.

It scores as BiReranker does, but what stands beside a document changes not a bit of its score, and a passage that
was seen before costs a look.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from miner.data import Float32
from miner.encoders.base import Encoder
from miner.errors import ModelError
from miner.reranking.score import Request

OVERHEAD = 150
"""Bytes that a kept vector takes besides its numbers."""


class KeptVectors:
    """Vectors by the hash of their text, up to so many bytes; of more the one used longest ago goes."""

    def __init__(self, limit: int) -> None:
        self.limit, self.size = limit, 0
        self.vectors: OrderedDict[bytes, Float32] = OrderedDict()
        self.lock = threading.Lock()

    def rows(self, texts: Sequence[str], encode: Callable[[Sequence[str]], Float32], kind: bytes) -> Float32:
        """Rows [len(texts), dim]; `encode` makes those of the texts that are not kept. `kind` keeps queries and
        passages apart."""
        keys = [hashlib.blake2b(text.encode(), digest_size=16, person=kind).digest() for text in texts]
        with self.lock:
            found = {key: self.vectors[key] for key in keys if key in self.vectors}
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if fresh:
            made = encode(list(fresh.values()))
            found |= {key: np.array(row) for key, row in zip(fresh, made, strict=True)}
        self._keep({key: found[key] for key in keys})
        return np.stack([found[key] for key in keys])

    def _keep(self, used: dict[bytes, Float32]) -> None:
        with self.lock:
            for key, vector in used.items():
                if key not in self.vectors:
                    self.size += vector.nbytes + OVERHEAD
                self.vectors[key] = vector
                self.vectors.move_to_end(key)
            while self.vectors and self.size > self.limit:
                self.size -= self.vectors.popitem(last=False)[1].nbytes + OVERHEAD


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
