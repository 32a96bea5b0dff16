"""Services that are asked over HTTP, for encoders and judges alike."""

from miner.endpoints.calls import Caller, CallFailed, Meter, Patience
from miner.endpoints.consent import (
    CallPlan,
    Price,
    agree,
    ask_in_terminal,
    asking,
    estimated_tokens,
    price_of,
)
from miner.endpoints.embed import EMBEDDINGS, CohereEmbeddings, Embedder, OpenAIEmbeddings

__all__ = [
    "EMBEDDINGS",
    "CallFailed",
    "CallPlan",
    "Caller",
    "CohereEmbeddings",
    "Embedder",
    "Meter",
    "OpenAIEmbeddings",
    "Patience",
    "Price",
    "agree",
    "ask_in_terminal",
    "asking",
    "estimated_tokens",
    "price_of",
]
