"""A cross-encoder as a scorer of pairs, loaded when the first pair comes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from miner.data import Float32
from miner.errors import ModelError
from miner.models.load import Kind, kind_of, load_cross_encoder
from miner.models.locate import Located, locate
from miner.models.weights import model_sums

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

ENGINES = ("torch", "transformers", "sentence-transformers")


@dataclass(frozen=True)
class CrossEncoderScorer:
    """A sentence-transformers CrossEncoder with one output; scores as its own activation gives them.

    Raises ModelError at once if there is no such model or it is none; see `load_cross_encoder`.
    """

    model: str
    device: str | None = None
    batch_size: int = 32

    def __post_init__(self) -> None:
        if kind_of(self.located.folder) is not Kind.CROSS_ENCODER:
            raise ModelError(f"{self.model}: holds an encoder; expected a cross-encoder")

    def __reduce__(self) -> tuple[type[CrossEncoderScorer], tuple[str, str | None, int]]:
        return CrossEncoderScorer, (self.model, self.device, self.batch_size)

    @cached_property
    def located(self) -> Located:
        return locate(self.model)

    @cached_property
    def fingerprint(self) -> str:
        """All that decides a score: weights, every setting of model and tokenizer, the libraries, the device."""
        found, engines = self.located, [f"{name} {version(name)}" for name in ENGINES]
        sums = model_sums(found)
        parts = [sums.weights, sums.settings, *engines, self.device or ""]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def score(self, pairs: Sequence[tuple[str, str]]) -> Float32:
        """float32 [len(pairs)], in order; higher is better. Raises ModelError."""
        order = sorted(range(len(pairs)), key=lambda i: -len(pairs[i][0]) - len(pairs[i][1]))
        scores = np.empty(len(pairs), np.float32)
        scores[order] = self._network.predict(
            [pairs[i] for i in order], batch_size=self.batch_size, show_progress_bar=False
        )
        return scores

    @cached_property
    def _network(self) -> CrossEncoder:
        return load_cross_encoder(self.located, device=self.device)


@dataclass(frozen=True)
class LoadedCrossEncoder:
    """A CrossEncoder that is loaded already; what identifies it is what it holds."""

    network: CrossEncoder
    batch_size: int = 32

    @cached_property
    def fingerprint(self) -> str:
        found = hashlib.sha256(repr(self.network.config).encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            found.update(tensor.detach().cpu().float().contiguous().numpy().data)
        return found.hexdigest()

    def score(self, pairs: Sequence[tuple[str, str]]) -> Float32:
        """float32 [len(pairs)], in order; higher is better."""
        found = self.network.predict(list(pairs), batch_size=self.batch_size, show_progress_bar=False)
        return np.asarray(found, np.float32)
