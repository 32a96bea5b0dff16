"""A SentenceTransformer that is loaded already, used as it is: its prompts, dtype, device and length."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from miner.encoders.model import EncoderModel, own_document_prompt, own_query_prompt
from miner.encoders.torch_encoder import DTYPES, TorchEncoder
from miner.errors import ConfigError
from miner.models.locate import Located
from miner.models.weights import ModelSums

BACKEND = "object"


@dataclass(frozen=True)
class ObjectModel(EncoderModel):
    """A model that came as an object: what identifies it is what it holds, not files."""

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        return {"backend": BACKEND, **super().identity}


def is_sentence_transformer(thing: object) -> bool:
    """Whether it is one, without importing the library."""
    return any(
        each.__name__ == "SentenceTransformer" and each.__module__.startswith("sentence_transformers.")
        for each in type(thing).__mro__
    )


def object_encoder(network: Any, name: str | None = None, **prompts: str | None) -> TorchEncoder:
    """The encoder of a SentenceTransformer, which is put into evaluation mode. `query_prompt` and
    `document_prompt` replace its own. Raises ConfigError for a dtype other than fp32, bf16 and fp16.
    """
    known = {long: short for short, long in DTYPES.items()}
    dtype = str(next((p.dtype for p in network.parameters()), "torch.float32")).partition(".")[2]
    if dtype not in known:
        raise ConfigError(f"the model computes in {dtype}; expected {', '.join(known)}")
    of_queries, of_documents = prompts.get("query_prompt"), prompts.get("document_prompt")
    model = ObjectModel(
        Located(Path(), name or _name(network), trusted=True),
        network.eval(),
        own_query_prompt(network) if of_queries is None else of_queries,
        own_document_prompt(network) if of_documents is None else of_documents,
        ModelSums(_weights(network), _settings(network)),
    )
    return TorchEncoder(model, str(network.device), known[dtype])


def _name(network: Any) -> str:
    """The name or folder it was loaded from, as far as it says."""
    card = getattr(network, "model_card_data", None)
    return str(
        getattr(card, "base_model", None) or getattr(card, "model_id", None) or "a SentenceTransformer"
    )


def _weights(network: Any) -> str:
    """SHA-256 of all tensors with their names, dtypes and shapes."""
    import torch

    found = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        found.update(flat.view(torch.uint8).numpy())
    return found.hexdigest()


def _settings(network: Any) -> str:
    """SHA-256 of the tokenizer, and of what the first module says of itself."""
    backend = getattr(network.tokenizer, "backend_tokenizer", network.tokenizer)
    told = backend.to_str() if hasattr(backend, "to_str") else repr(backend)
    first = network[0].get_config_dict() if hasattr(network[0], "get_config_dict") else {}
    said = orjson.dumps(first, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(told.encode() + said).hexdigest()
