"""Encoders out of objects of other libraries."""

from __future__ import annotations

from typing import Any

from miner.encoders.base import Encoder
from miner.encoders.endpoint import EndpointEncoder
from miner.encoders.functions import PAIRS, FunctionEncoder, methods_of
from miner.encoders.objects import is_sentence_transformer, object_encoder
from miner.endpoints import EMBEDDINGS
from miner.errors import ConfigError

PARTS = ("dim", "fingerprint", "encode_queries", "encode_passages")
"""What makes something an Encoder."""

TAKEN = (
    "the name or folder of a model, a SentenceTransformer, an endpoint, a function, or an object with "
    + ", ".join(dict.fromkeys(documents for documents, _ in PAIRS))
)


def encoder_of(thing: Any, name: str | None = None, **prompts: str | None) -> Encoder:
    """The encoder that an object is or stands for; `name` is what an index knows it by. Raises ConfigError."""
    if not isinstance(thing, type) and all(hasattr(type(thing), part) for part in PARTS):
        encoder: Encoder = thing
        return encoder
    if isinstance(thing, tuple(EMBEDDINGS.values())):
        return EndpointEncoder(thing)
    if is_sentence_transformer(thing):
        return object_encoder(thing, name, **prompts)
    if (methods := methods_of(thing)) is None:
        raise ConfigError(f"the encoder is {_article(thing)}; expected {TAKEN}")
    if name is None:
        raise ConfigError(
            f"an encoder that is {_article(thing)} needs a name that tells its vectors from others'; "
            "expected load_encoder(..., name='...')"
        )
    return FunctionEncoder(name, *methods)


def _article(thing: object) -> str:
    kind = thing.__name__ if isinstance(thing, type) else type(thing).__name__
    return f"the class {kind}" if isinstance(thing, type) else f"of type {kind}"
