"""The seam between miner and embedding models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from miner.data import Float32


class Encoder(Protocol):
    """Turns texts into unit vectors.

    The vector of a text depends on that text and the encoder alone: not on the texts beside it, on
    batch size or thread count. Caches, `--update` and sharding rest on this.
    """

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        """All that decides a vector, JSON-able: weights, prompts, pooling, max length, dtype, backend."""

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        """Unit rows [len(texts), dim], in order, query prompt applied."""

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        """Unit rows [len(texts), dim], in order, document prompt applied."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens and without a cut."""


def warm_up(encoder: Encoder) -> None:
    """Have an encoder that takes time to get ready begin with it, beside what is done until it is needed."""
    begin: Callable[[], None] | None = getattr(encoder, "warm_up", None)
    if begin is not None:
        begin()
