"""A sentence-transformers model, loaded whole: its modules, prompts, tokenizer and what identifies it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from logging import getLogger
from typing import Any

import numpy as np

from miner.data import Float32
from miner.encoders.batches import Forward, Shape, batches, run
from miner.encoders.tokens import Tokenizer, max_length
from miner.errors import ConfigError, MissingExtra, ModelError
from miner.models.locate import OWN_CODE, Located
from miner.models.weights import weights_sha256

INSTRUCTOR = "hkunlp/instructor-"
"""Models of this name leave the prompt out of the pooling, which their own files do not say."""

LOAD_ERRORS = (OSError, ValueError, KeyError, RuntimeError, AttributeError, TypeError, ImportError)


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
            "max_length": max_length(self.network),
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
    max_tokens: int | None = None,
) -> EncoderModel:
    """Load the model of a folder; prompts and length are its own unless given.

    Raises MissingExtra without sentence-transformers, ModelError if it cannot be loaded, ConfigError if
    max_tokens is more than it can read.
    """
    with quiet():
        network = _load(located)
    if located.name.startswith(INSTRUCTOR):
        network.set_pooling_include_prompt(False)
    if max_tokens is not None:
        _cut(network, max_tokens)
    own_query = _prompt(network, ("query",))
    own_document = _prompt(network, ("document", "passage", "corpus"))
    return EncoderModel(
        located,
        network,
        own_query if query_prompt is None else query_prompt,
        own_document if document_prompt is None else document_prompt,
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


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries from drawing bars and giving advice while a model is loaded."""
    try:
        import sentence_transformers  # noqa: F401
        from transformers.utils import logging
    except ImportError:
        raise MissingExtra("loading a model", "bundled") from None
    ours = getLogger("sentence_transformers")
    before = logging.get_verbosity(), logging.is_progress_bar_enabled(), ours.level
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    ours.setLevel("ERROR")
    try:
        yield
    finally:
        logging.set_verbosity(before[0])
        ours.setLevel(before[2])
        if before[1]:
            logging.enable_progress_bar()


def _load(located: Located) -> Any:
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(
            str(located.folder),
            device="cpu",
            local_files_only=not located.trusted,
            trust_remote_code=located.trusted,
            model_kwargs={"use_safetensors": True},
        ).eval()
    except (*LOAD_ERRORS, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        if "trust_remote_code" in str(error) and not located.trusted:
            raise ModelError(f"{located.folder}: needs {OWN_CODE}") from None
        raise ModelError(f"{located.folder}: the model cannot be loaded ({reason})") from None


def _cut(network: Any, max_tokens: int) -> None:
    config = getattr(network[0], "config", None)
    longest = getattr(config, "max_position_embeddings", None)
    if max_tokens < 1 or (longest and max_tokens > longest):
        raise ConfigError(f"a maximum of {max_tokens} tokens is not possible; the model reads 1 to {longest}")
    network.max_seq_length = max_tokens


def _prompt(network: Any, names: Sequence[str]) -> str:
    """As encode_query and encode_document choose it."""
    named = next((name for name in names if name in network.prompts), network.default_prompt_name)
    return network.prompts.get(named) or ""


def _plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool | list | tuple | dict | type(None))
