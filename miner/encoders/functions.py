"""Encoders out of what people have: a function, or an object with encode, embed_documents or their like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from miner.data import Float32
from miner.encoders.batches import unit
from miner.errors import ConfigError, ModelError
from miner.progress import count_of, tick

Embed = Callable[[list[str]], Any]
"""Texts to an array-like [len(texts), dim]."""

BATCH = 64
"""Texts handed over at once."""

PAIRS = (
    ("embed_documents", "embed_query"),
    ("encode_document", "encode_query"),
    ("encode_passages", "encode_queries"),
    ("encode_corpus", "encode_queries"),
    ("encode", "encode"),
    ("embed", "embed"),
)
"""Methods that encode passages and queries, in the order in which they are looked for."""


@dataclass
class FunctionEncoder:
    """Calls functions for the vectors of passages and of queries. The index knows them by `name` alone: whoever
    gives it says that the same name always gives the same vectors.
    """

    name: str
    passages: Embed
    queries: Embed
    _dim: int | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ConfigError("the name of an encoder is blank; expected one that tells it from others")

    @property
    def dim(self) -> int:
        if self._dim is None:
            self._dim = _rows(self.passages, ["a"], self.name).shape[1]
        return self._dim

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        return {"backend": "function", "model": self.name}

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        return self._encode(texts, self.queries)

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        return self._encode(texts, self.passages)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """A quarter of the UTF-8 bytes: what a function counts nobody knows."""
        return [-(-len(text.encode("utf-8", "surrogatepass")) // 4) for text in texts]

    def _encode(self, texts: Sequence[str], embed: Embed) -> Float32:
        """Equal texts are handed over once."""
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        distinct, pieces = list(places), list[Float32]()
        for start in range(0, len(distinct), BATCH):
            pieces.append(_rows(embed, distinct[start : start + BATCH], self.name))
            self._check_dim(pieces[-1].shape[1])
            tick(len(pieces[-1]))
        if not pieces:
            return np.empty((0, self.dim), np.float32)
        return unit(np.concatenate(pieces))[[places[text] for text in texts]]

    def _check_dim(self, found: int) -> None:
        if self._dim is None:
            self._dim = found
        if found != self._dim:
            raise ModelError(f"{self.name}: gave vectors of {found} numbers; expected {self._dim} as before")


def methods_of(thing: Any) -> tuple[Embed, Embed] | None:
    """The functions of an object that encode passages and queries; None if it has none."""
    if isinstance(thing, type):
        return None
    for documents, queries in PAIRS:
        of_documents, of_queries = getattr(thing, documents, None), getattr(thing, queries, None)
        if callable(of_documents) and callable(of_queries):
            if queries == "embed_query":
                return of_documents, partial(_each, of_queries)
            return of_documents, of_queries
    return (thing, thing) if callable(thing) else None


def _each(embed: Callable[[str], Any], texts: list[str]) -> list[Any]:
    return [embed(text) for text in texts]


def _rows(embed: Embed, texts: list[str], name: str) -> Float32:
    """float32 [len(texts), dim]. Raises ModelError for any other answer."""
    answer = embed(list(texts))
    try:
        if answer is None:
            raise TypeError
        rows = np.asarray(answer.detach().cpu().float() if hasattr(answer, "detach") else answer, np.float32)
    except (TypeError, ValueError):
        raise ModelError(f"{name}: gave {_kind(answer)} for texts; expected rows of numbers") from None
    if rows.ndim != 2 or len(rows) != len(texts) or not rows.shape[1]:
        raise ModelError(
            f"{name}: gave an array {list(rows.shape)} for {count_of(len(texts), 'text')}; expected a row each"
        )
    if not np.isfinite(rows).all():
        raise ModelError(f"{name}: gave a vector that is not finite for {_first_bad(rows, texts)[:80]!r}")
    return rows


def _first_bad(rows: Float32, texts: Sequence[str]) -> str:
    return texts[int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])]


def _kind(value: object) -> str:
    return type(value).__name__
