"""Finding models and telling encoders from cross-encoders, before anything heavy is loaded."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from logging import getLogger
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from miner.errors import MissingExtra, ModelError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer


class Kind(StrEnum):
    """What a model folder holds."""

    ENCODER = "encoder"
    CROSS_ENCODER = "cross-encoder"


def kind_of(folder: Path) -> Kind:
    """What the folder's own configuration says it is; raises ModelError for anything else."""
    written = _json(folder / "config_sentence_transformers.json").get("model_type")
    if written == "CrossEncoder":
        return Kind.CROSS_ENCODER
    if written not in (None, "SentenceTransformer"):
        raise ModelError(f"{folder}: holds a {written}; expected an encoder or a cross-encoder")
    if (folder / "modules.json").exists():
        return Kind.ENCODER
    architectures = [str(name) for name in _json(folder / "config.json").get("architectures") or []]
    if any(name.endswith("ForSequenceClassification") for name in architectures):
        return Kind.CROSS_ENCODER
    found = f"holds {', '.join(architectures)}" if architectures else "holds no model"
    raise ModelError(f"{folder}: {found}; expected a sentence-transformers model or a cross-encoder")


def _json(path: Path) -> dict[str, Any]:
    try:
        value = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, orjson.JSONDecodeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    return value if isinstance(value, dict) else {}


def load_encoder(folder: Path, max_length: int | None = None) -> SentenceTransformer:
    """The sentence-transformers model in the folder, cut to max_length tokens at most."""
    if kind_of(folder) is not Kind.ENCODER:
        raise ModelError(f"{folder}: holds a cross-encoder; expected an encoder")
    _quiet()
    from sentence_transformers import SentenceTransformer

    model = _load(folder, lambda: SentenceTransformer(str(folder), local_files_only=True))
    return _cut(model, max_length)


def load_cross_encoder(folder: Path, max_length: int | None = None) -> CrossEncoder:
    """The cross-encoder in the folder; from an encoder, one with a fresh head drawn from torch's seed.

    Raises ModelError for a classifier with several outputs, which ranks nothing.
    """
    outputs = len(_json(folder / "config.json").get("id2label") or {})
    if outputs > 1 and kind_of(folder) is Kind.CROSS_ENCODER:
        raise ModelError(
            f"{folder}: holds a classifier with {outputs} outputs; expected a cross-encoder with one"
        )
    _quiet()
    from sentence_transformers import CrossEncoder

    model = _load(folder, lambda: CrossEncoder(str(folder), num_labels=1, local_files_only=True))
    return _cut(model, max_length)


def _load(folder: Path, load: Callable[[], Any]) -> Any:
    from safetensors import SafetensorError

    try:
        return load()
    except (OSError, ValueError, KeyError, RuntimeError, AttributeError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{folder}: the model cannot be loaded ({reason})") from None


def _cut(model: Any, max_length: int | None) -> Any:
    if max_length is not None:
        model.max_seq_length = min(max_length, longest(model))
    return model


def longest(model: Any) -> int:
    """The most tokens the model can take, by its position table."""
    config = getattr(model[0].auto_model, "config", None)
    return int(getattr(config, "max_position_embeddings", None) or model.max_seq_length or 512)


def _quiet() -> None:
    try:
        import sentence_transformers  # noqa: F401
        from transformers.utils import logging
    except ImportError:
        raise MissingExtra("loading a model", "bundled") from None
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    getLogger("sentence_transformers").setLevel("ERROR")
