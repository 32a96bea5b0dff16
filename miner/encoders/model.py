"""A sentence-transformers model, loaded whole: its modules, prompts, tokenizer and what identifies it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from miner.encoders.description import check_length, own_prompts
from miner.encoders.network_tokens import NetworkTokenizer, most_tokens
from miner.models.load import load_sentence_transformer
from miner.models.locate import Located
from miner.models.weights import ModelSums, model_sums

INSTRUCTOR = "hkunlp/instructor-"
"""Models of this name leave the prompt out of the pooling, which their own files do not say."""


@dataclass(frozen=True)
class EncoderModel:
    """A SentenceTransformer on the CPU in fp32, and how miner uses it."""

    located: Located
    network: Any
    query_prompt: str
    document_prompt: str
    sums: ModelSums

    @cached_property
    def tokenizer(self) -> NetworkTokenizer:
        return NetworkTokenizer(self.network)

    @cached_property
    def dim(self) -> int:
        known = self.network.get_embedding_dimension()
        return int(known) if known else len(self.network.encode("a"))

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """What decides a vector on the model's side, JSON-able."""
        return {
            "model": self.located.name,
            "weights": self.sums.weights,
            "settings": self.sums.settings,
            "modules": [type(module).__name__ for module in self.network],
            "pooling": pooling(self.network),
            "query_prompt": self.query_prompt,
            "document_prompt": self.document_prompt,
            "max_length": most_tokens(self.network),
            "dim": self.dim,
        }

    @property
    def longest(self) -> int | None:
        """Tokens that the model could read, by its position table."""
        return getattr(getattr(self.network[0], "config", None), "max_position_embeddings", None)


def load(
    located: Located,
    *,
    query_prompt: str | None = None,
    document_prompt: str | None = None,
    max_length: int | None = None,
) -> EncoderModel:
    """Load the model of a folder; prompts and length are its own unless given.

    Raises MissingExtra without sentence-transformers, ModelError if it cannot be loaded, ConfigError if
    max_length is more than it can read.
    """
    sums = model_sums(located)
    network: Any = load_sentence_transformer(located, device="cpu")
    if located.name.startswith(INSTRUCTOR):
        network.set_pooling_include_prompt(False)
    model = EncoderModel(
        located,
        network,
        own_query_prompt(network) if query_prompt is None else query_prompt,
        own_document_prompt(network) if document_prompt is None else document_prompt,
        sums,
    )
    if max_length is not None:
        check_length(max_length, model.longest)
        network.max_seq_length = max_length
    return model


def pooling(network: Any) -> list[dict[str, Any]]:
    """The configurations of the modules after the first, as they would be saved."""
    return [
        {key: value for key, value in module.get_config_dict().items() if _plain(value)}
        for module in list(network)[1:]
        if hasattr(module, "get_config_dict")
    ]


def own_query_prompt(network: Any) -> str:
    """What the model's encode_query puts before a text."""
    return own_prompts(_prompts(network))[0]


def own_document_prompt(network: Any) -> str:
    """What the model's encode_document puts before a text."""
    return own_prompts(_prompts(network))[1]


def _prompts(network: Any) -> dict[str, Any]:
    return {"prompts": network.prompts, "default_prompt_name": network.default_prompt_name}


def _plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool | list | tuple | dict | type(None))
