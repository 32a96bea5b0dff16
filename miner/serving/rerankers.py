"""The models that rank, loaded as they serve fastest, and kept as long as there is room for them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from miner.data import Float32
from miner.encoders.load import AUTO, load_encoder
from miner.models.hardware import has_bf16
from miner.models.load import load_cross_encoder
from miner.reranking import Ranked, Reranker
from miner.reranking.encoded import EncoderReranker
from miner.reranking.kept import KeptVectors
from miner.reranking.score import CombinedReranker, CrossReranker, Request, order
from miner.reranking.store import RerankerFolders, locate_reranker, put_together

LOADED = 4
"""Models kept in memory; of more the one used longest ago is let go."""
VECTORS = 64 * 2**20
"""Bytes of kept vectors a model."""


@dataclass(frozen=True)
class ServingModel:
    """A reranker that is asked for a piece of a request at a time.

    A row of `columns` depends on its query and document alone, or on the piece: never on other requests.
    """

    reranker: Reranker
    tokenizer: Callable[..., Any]

    @property
    def parts(self) -> tuple[Reranker, ...]:
        found = self.reranker
        return (found.cross, found.bi) if isinstance(found, CombinedReranker) else (found,)

    def columns(self, pieces: Sequence[Request]) -> list[Float32]:
        """Of each piece the scores by its parts, [documents, parts]."""
        by_part = [_scores(part, pieces) for part in self.parts]
        return [np.stack(scores, axis=1) for scores in zip(*by_part, strict=True)]

    def places(self, columns: Float32, top: int | None) -> list[Ranked]:
        """The ranking of a request by the columns of all its documents."""
        found = self.reranker
        combined = isinstance(found, CombinedReranker)
        scores = found.combine(columns[:, 0], columns[:, 1]) if combined else columns[:, 0]  # type: ignore[attr-defined]
        return order(found, scores, top)

    def cut(self, documents: Sequence[str], tokens: int | None) -> Sequence[str]:
        """The documents, each cut at the end of so many tokens."""
        if tokens is None:
            return documents
        found = self.tokenizer(
            list(documents),
            add_special_tokens=False,
            truncation=True,
            max_length=tokens,
            return_offsets_mapping=True,
        )
        ends = [offsets[-1][1] if offsets else 0 for offsets in found["offset_mapping"]]
        return [text[:end] for text, end in zip(documents, ends, strict=True)]


def _scores(part: Reranker, pieces: Sequence[Request]) -> list[Float32]:
    """An encoder takes all pieces at once; a cross-encoder's scores depend on their batch, so each alone."""
    if isinstance(part, EncoderReranker):
        return part.score_all(pieces)
    return [part.score(*piece) for piece in pieces]


@dataclass(frozen=True)
class ServingLoader:
    """Loads models in the precision and for the runtime that were asked for, or that suit the machine."""

    dtype: str | None = None
    backend: str | None = None
    vectors: int = VECTORS

    def load(self, path: str) -> ServingModel:
        """Raises ModelError, ConfigError for a precision that is not there."""
        from transformers import AutoTokenizer

        found = locate_reranker(path)
        folder = found.encoder or found.cross_encoder
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        return ServingModel(put_together(self._cross(found), self._bi(found)), tokenizer)

    def _bi(self, found: RerankerFolders) -> Reranker | None:
        if found.encoder is None:
            return None
        encoder = load_encoder(str(found.encoder), dtype=self.dtype, backend=self.backend or AUTO)
        length = int(encoder.fingerprint.get("max_length") or 0)
        return EncoderReranker(encoder, length, KeptVectors(self.vectors))

    def _cross(self, found: RerankerFolders) -> Reranker | None:
        if found.cross_encoder is None:
            return None
        model = load_cross_encoder(found.cross_encoder)
        if self.dtype in (None, "bf16") and has_bf16():
            model.bfloat16()
        return CrossReranker(model)


class Shelf:
    """Loaded models, those used latest, by folder or name."""

    def __init__(self, load: Callable[[str], ServingModel]) -> None:
        self.make, self.lock = load, threading.Lock()
        self.loaded: OrderedDict[str, ServingModel] = OrderedDict()

    def get(self, path: str) -> ServingModel:
        with self.lock:
            found = self.loaded.pop(path, None)
        found = found or self.make(path)
        with self.lock:
            self.loaded[path] = found
        self.keep(LOADED)
        return found

    def keep(self, count: int) -> None:
        """Let go of all but so many."""
        with self.lock:
            while len(self.loaded) > count:
                self.loaded.popitem(last=False)

    def forget(self, path: str) -> None:
        with self.lock:
            self.loaded.pop(path, None)
