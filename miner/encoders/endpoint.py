"""Encoders behind an embeddings API. What was answered once is kept in the cache folder and never asked again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from miner.data import Float32
from miner.encoders.base import Encoder
from miner.encoders.batches import unit
from miner.endpoints import EMBEDDINGS, Embedder, estimated_tokens
from miner.endpoints.address import Address
from miner.endpoints.embed import Side
from miner.errors import ModelError
from miner.spec import parse
from miner.storage.cachedir import cache_folder

BACKEND = "endpoint"
SidedTexts = tuple[Side, Sequence[str]]
"""Texts that are queries, or passages."""


@dataclass
class EndpointEncoder:
    """Asks a service, such as `openai(model="...")`, for vectors."""

    service: Any

    def __reduce__(self) -> tuple[type[EndpointEncoder], tuple[Any]]:
        return EndpointEncoder, (self.service,)

    @cached_property
    def embedder(self) -> Embedder:
        return Embedder(self.service, store=self.store)

    @property
    def store(self) -> Path:
        """Where answers are kept."""
        named = orjson.dumps(dict(self.fingerprint), option=orjson.OPT_SORT_KEYS)
        return cache_folder() / "embeddings" / f"{hashlib.sha256(named).hexdigest()[:16]}.sqlite"

    @property
    def dim(self) -> int:
        """Asks for a vector where it is not known."""
        if self.embedder.dim is None:
            self.embedder.embed(["a"], "passage")
        return int(self.embedder.dim or 0)

    @cached_property
    def fingerprint(self) -> Mapping[str, Any]:
        return {"backend": BACKEND, **self.service.fingerprint()}

    @property
    def tokens_encoded(self) -> int:
        return self.embedder.meter.tokens_in

    def announce(self, batches: Iterable[SidedTexts]) -> None:
        """Say, and in a terminal ask, what of this will be sent: what was not answered before. Raises Declined."""
        texts = tokens = 0
        for side, some in batches:
            fresh = self.embedder.unanswered(some, side)
            texts += len(fresh)
            tokens += sum(map(estimated_tokens, fresh))
        if texts:
            self.embedder.announce(texts, tokens)

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        return self._embed(texts, "query")

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        return self._embed(texts, "passage")

    def _embed(self, texts: Sequence[str], side: Side) -> Float32:
        if not texts:
            return np.empty((0, self.dim), np.float32)
        return unit(np.array(self.embedder.embed(list(texts), side)))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [estimated_tokens(text) for text in texts]


def is_spelt(text: str) -> bool:
    """Whether it spells an endpoint, as 'openai(model="...")' does, and names no folder."""
    name, bracket, _ = text.partition("(")
    return bool(bracket) and name.strip().isidentifier() and not Path(text).is_dir()


def parse_endpoint(text: str) -> EndpointEncoder:
    """Raises ConfigError for what spells no endpoint."""
    return EndpointEncoder(parse(text, EMBEDDINGS, "encoder"))


def endpoint_again(fingerprint: Mapping[str, Any]) -> EndpointEncoder:
    """The encoder of an index. One that is neither the service's own nor on this machine is not asked on an
    index's word alone: raises ModelError.
    """
    kind = EMBEDDINGS.get(str(fingerprint.get("kind")))
    if kind is None:
        raise ModelError(f"the index names the endpoint {fingerprint.get('kind')!r}, which there is none of")
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    try:
        service = kind(**{name: value for name, value in fingerprint.items() if name in names})
    except TypeError as error:
        raise ModelError(f"the index does not name its endpoint as miner does ({error})") from None
    url = fingerprint.get("base_url")
    if isinstance(url, str) and not (address := Address(url, "")).local:
        raise ModelError(
            f"the index was built by {address.host}; texts are sent there only if you say so, "
            f"as --encoder '{service!r}' or encoder={service!r}"
        )
    return EndpointEncoder(service)


def announce(encoder: Encoder, batches: Iterable[SidedTexts]) -> None:
    """Let the encoder say beforehand what of the texts it will send away, if it sends any. Raises Declined."""
    tell: Callable[[Iterable[SidedTexts]], None] | None = getattr(encoder, "announce", None)
    some = (batch for batch in batches if batch[1])
    if tell is not None and (first := next(some, None)) is not None:
        tell(chain([first], some))
