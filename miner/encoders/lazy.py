"""Encoders by their fingerprint, loaded when a text has to be encoded and not before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from miner.data import Float32
from miner.encoders.base import Encoder, warm_up
from miner.encoders.load import BACKENDS, resolve_again
from miner.endpoints.embed import Side
from miner.errors import IndexMismatch, MinerError


class LazyEncoder:
    """Stands for the encoder of a fingerprint. Where all vectors are cached no model is ever loaded.

    Raises what `check` raises, on first use, if what the fingerprint names is no longer what it was; without
    a check every field of the fingerprint must be the same, else IndexMismatch. Pickled it forgets its check.
    A hub model that is not on this machine is fetched only with `download`.
    """

    def __init__(
        self,
        fingerprint: Mapping[str, Any],
        check: Callable[[Encoder], None] | None = None,
        *,
        download: bool = False,
    ) -> None:
        self._fingerprint, self._check, self._download = fingerprint, check or self._same, download
        self._loaded: Encoder | None = None

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        return self._fingerprint

    @property
    def dim(self) -> int:
        return self._encoder().dim

    @property
    def tokens_encoded(self) -> int:
        return int(getattr(self._loaded, "tokens_encoded", 0))

    def __reduce__(self) -> tuple[Callable[..., LazyEncoder], tuple[dict[str, Any], bool]]:
        return _lazy, (dict(self.fingerprint), self._download)

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        return self._encoder().encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        return self._encoder().encode_passages(texts)

    def warm_up(self) -> None:
        """Load it, as it will be needed soon; what hinders that is raised when it is."""
        with suppress(MinerError):
            warm_up(self._encoder())

    def announce(self, batches: Iterable[tuple[Side, Sequence[str]]]) -> None:
        """As the encoder itself does, if it sends texts away."""
        if tell := getattr(self._encoder(), "announce", None):
            tell(batches)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder().count_tokens(texts)

    def _encoder(self) -> Encoder:
        if self._loaded is None:
            loaded = resolve_again(self.fingerprint, download=self._download)
            self._check(loaded)
            self._loaded = loaded
        return self._loaded

    def _same(self, loaded: Encoder) -> None:
        differing = [key for key, value in loaded.fingerprint.items() if self.fingerprint.get(key) != value]
        if differing:
            raise IndexMismatch(
                f"the model {self.fingerprint.get('model')} is not the same here: {', '.join(differing)} differ"
            )


def sendable(encoder: Encoder) -> Encoder:
    """What is sent of an encoder to another process. Weights do not travel: a model is loaded again there, and
    has to be the same."""
    if encoder.fingerprint.get("backend") in BACKENDS and not isinstance(encoder, LazyEncoder):
        return LazyEncoder(encoder.fingerprint, download=True)
    return encoder


def _lazy(fingerprint: Mapping[str, Any], download: bool) -> LazyEncoder:
    return LazyEncoder(fingerprint, download=download)
