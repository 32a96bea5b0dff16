"""A sentence-transformers model, loaded whole: its modules, prompts, tokenizer and what identifies it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from miner.data import Float32
from miner.encoders.batches import Forward, Shape, batches, run
from miner.encoders.tokens import Tokenizer, most_tokens
from miner.errors import ConfigError
from miner.models.load import load_sentence_transformer
from miner.models.locate import Located
from miner.models.weights import weights_sha256

INSTRUCTOR = "hkunlp/instructor-"
"""Models of this name leave the prompt out of the pooling, which their own files do not say."""


@dataclass(frozen=True)
class EncoderModel:
    """A SentenceTransformer on the CPU in fp32, and how miner uses it."""

    located: Located
    network: Any
    query_prompt: str
    document_prompt: str

    @cached_property
    def tokenizer(self) -> Tokenizer:
        return Tokenizer(self.network)

    @cached_property
    def dim(self) -> int:
        known = self.network.get_embedding_dimension()
        return int(known) if known else len(self.network.encode("a"))

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """What decides a vector on the model's side, JSON-able."""
        return {
            "model": self.located.name,
            "weights": weights_sha256(self.located.weights),
            "settings": weights_sha256(self.located.settings),
            "modules": [type(module).__name__ for module in self.network],
            "pooling": pooling(self.network),
            "query_prompt": self.query_prompt,
            "document_prompt": self.document_prompt,
            "max_length": most_tokens(self.network),
            "dim": self.dim,
        }

    def encode(
        self, texts: Sequence[str], prompt: str, workers: Sequence[Forward], shape: Shape
    ) -> tuple[Float32, int]:
        """Unit float32 rows [len(texts), dim] and the tokens it took; equal texts are encoded once."""
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        out = np.zeros((len(places), self.dim), np.float32)
        windows = self.tokenizer.windows(list(places), prompt)
        tokens = run(batches(windows, shape, self.tokenizer.pad), workers, out) if places else 0
        return unit(out)[[places[text] for text in texts]], tokens


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
    network = load_sentence_transformer(located, device="cpu")
    if located.name.startswith(INSTRUCTOR):
        network.set_pooling_include_prompt(False)
    if max_length is not None:
        _cut(network, max_length)
    return EncoderModel(
        located,
        network,
        own_query_prompt(network) if query_prompt is None else query_prompt,
        own_document_prompt(network) if document_prompt is None else document_prompt,
    )


def unit(vectors: Float32) -> Float32:
    """Rows of length 1; a row of zeros becomes the first axis."""
    norms = np.sqrt(np.sum(np.square(vectors, dtype=np.float64), axis=1, keepdims=True))
    vectors[norms[:, 0] == 0, 0] = 1.0
    return np.asarray(vectors / np.where(norms == 0, 1.0, norms), np.float32)


def pooling(network: Any) -> list[dict[str, Any]]:
    """The configurations of the modules after the first, as they would be saved."""
    return [
        {key: value for key, value in module.get_config_dict().items() if _plain(value)}
        for module in list(network)[1:]
        if hasattr(module, "get_config_dict")
    ]


def _cut(network: Any, max_tokens: int) -> None:
    config = getattr(network[0], "config", None)
    longest = getattr(config, "max_position_embeddings", None)
    if max_tokens < 1 or (longest and max_tokens > longest):
        raise ConfigError(f"a maximum of {max_tokens} tokens is not possible; the model reads 1 to {longest}")
    network.max_seq_length = max_tokens


def own_query_prompt(network: Any) -> str:
    """What the model's encode_query puts before a text."""
    return _prompt(network, ("query",))


def own_document_prompt(network: Any) -> str:
    """What the model's encode_document puts before a text."""
    return _prompt(network, ("document", "passage", "corpus"))


def _prompt(network: Any, names: Sequence[str]) -> str:
    """As encode_query and encode_document choose it."""
    named = next((name for name in names if name in network.prompts), network.default_prompt_name)
    return network.prompts.get(named) or ""


def _plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool | list | tuple | dict | type(None))
