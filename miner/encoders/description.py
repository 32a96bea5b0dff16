"""What a model's files say about how a text becomes a vector, weights aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from miner.errors import ConfigError
from miner.models.locate import Located

HONOURED = {"Transformer", "Pooling", "Normalize", "Dense", "LayerNorm", "Dropout"}
"""Modules of sentence-transformers whose computation a conversion captures for any text."""


@dataclass(frozen=True, slots=True)
class Description:
    """Of a sentence-transformers model, JSON-able."""

    modules: tuple[str, ...]
    pooling: tuple[Mapping[str, Any], ...]
    """The settings of the modules after the first."""
    query_prompt: str
    document_prompt: str
    max_length: int | None
    """Tokens read of a text; None if there is no end to it."""
    longest: int | None
    """Tokens that the model could read, by its position table."""
    dim: int
    pad: int
    """The id of padding."""
    converter: str
    """What made this of the model's files, and its version."""

    def record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Description:
        """Raises KeyError, TypeError for what `record` did not write."""
        values = {field.name: record[field.name] for field in fields(cls)}
        return cls(**{**values, "modules": tuple(values["modules"]), "pooling": tuple(values["pooling"])})

    @property
    def includes_prompt(self) -> bool:
        """Whether the prompt's tokens are pooled."""
        return all(settings.get("include_prompt", True) for settings in self.pooling)


def convertible(located: Located) -> bool:
    """Whether all modules are such that a conversion does justice to them."""
    return not located.trusted and all(
        str(entry.get("type")).rpartition(".")[2] in HONOURED for entry in located.modules
    )


def check_length(max_length: int, longest: int | None) -> None:
    """Raises ConfigError unless a model with so many positions reads so many tokens."""
    if max_length < 1 or (longest and max_length > longest):
        raise ConfigError(f"a maximum of {max_length} tokens is not possible; the model reads 1 to {longest}")


def own_prompts(settings: Mapping[str, Any]) -> tuple[str, str]:
    """For queries and for documents, as encode_query and encode_document choose them, by the fields `prompts` and
    `default_prompt_name` of config_sentence_transformers.json."""
    prompts = settings.get("prompts") or {}

    def chosen(*names: str) -> str:
        name = next((name for name in names if name in prompts), settings.get("default_prompt_name"))
        return prompts.get(name) or ""

    return chosen("query"), chosen("document", "passage", "corpus")
