"""A tiny deterministic encoder without a model: signed hashing of character n-grams and words.

Feature hashing as in Weinberger et al. 2009 (arXiv 0902.2206). Good enough to rank texts by
shared words, fast enough for tests and smoke runs; not a substitute for a trained model.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from miner.data import Float32
from miner.spec import check


@dataclass(frozen=True)
class HashingEncoder:
    """Unit rows from hashed words (weight 2) and character trigrams (weight 1)."""

    dim: int = 256

    def __post_init__(self) -> None:
        check(self, "hashing")

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        return {"backend": "hashing", "model": "hashing", "dim": self.dim, "version": 1}

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            self._fill(vector, text)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def _fill(self, vector: Float32, text: str) -> None:
        words = text.casefold().split()
        padded = f" {' '.join(words)} "
        grams = [(word, 2.0) for word in words] + [(padded[i : i + 3], 1.0) for i in range(len(padded) - 2)]
        for gram, weight in grams:
            code = zlib.crc32(gram.encode("utf-8", "surrogatepass"))
            vector[(code >> 1) % self.dim] += weight if code & 1 else -weight
        norm = float(np.sqrt(np.sum(np.square(vector, dtype=np.float64))))
        if norm == 0.0:
            vector[0] = 1.0
        else:
            vector /= np.float32(norm)
