"""The only place that loads a SentenceTransformer or a CrossEncoder, and tells one from the other before."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from logging import getLogger
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miner.errors import MissingExtra, ModelError
from miner.models.checks import OWN_CODE, activations, read_json
from miner.models.locate import Located, locate

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer

LOAD_ERRORS = (OSError, ValueError, KeyError, RuntimeError, AttributeError, TypeError, ImportError)


class Kind(StrEnum):
    """What a model folder holds."""

    ENCODER = "encoder"
    CROSS_ENCODER = "cross-encoder"


def kind_of(folder: Path) -> Kind:
    """What the folder's own configuration says it is; raises ModelError for anything else."""
    written = _settings(folder / "config_sentence_transformers.json").get("model_type")
    if written == "CrossEncoder":
        return Kind.CROSS_ENCODER
    if written not in (None, "SentenceTransformer"):
        raise ModelError(f"{folder}: holds a {written}; expected an encoder or a cross-encoder")
    if (folder / "modules.json").exists():
        return Kind.ENCODER
    architectures = [str(name) for name in _settings(folder / "config.json").get("architectures") or []]
    if any(name.endswith("ForSequenceClassification") for name in architectures):
        return Kind.CROSS_ENCODER
    found = f"holds {', '.join(architectures)}" if architectures else "holds no model"
    raise ModelError(f"{folder}: {found}; expected a sentence-transformers model or a cross-encoder")


STATIC = ("StaticEmbedding", "WordEmbeddings", "BoW")
"""Modules that look words up, as the first of a model."""


def load_sentence_transformer(
    model: Located | str | Path | None, *, device: str | None = None, max_length: int | None = None
) -> SentenceTransformer:
    """The encoder in a folder or of a name, in fp32, cut to max_length tokens at most; None is the bundled one.

    Raises what `locate` raises, ModelError for a cross-encoder or what cannot be loaded.
    """
    located = _located(model)
    if (located.folder / "config_sentence_transformers.json").exists() and (
        kind_of(located.folder) is not Kind.ENCODER
    ):
        raise ModelError(f"{located.folder}: holds a cross-encoder; expected an encoder")
    with quiet():
        from sentence_transformers import SentenceTransformer

        return _cut(_load(located, SentenceTransformer, device), max_length)


def load_cross_encoder(
    model: Located | str | Path,
    *,
    device: str | None = None,
    max_length: int | None = None,
    from_encoder: bool = False,
) -> CrossEncoder:
    """The cross-encoder in a folder or of a name; with `from_encoder` an encoder becomes one, with a fresh head
    drawn from torch's seed. Its own activation is applied.

    Raises what `locate` raises, ModelError for an encoder, for a classifier with several outputs, which ranks
    nothing, and for what cannot be loaded.
    """
    located = _located(model)
    folder, kind = located.folder, kind_of(located.folder)
    if kind is Kind.ENCODER and not from_encoder:
        raise ModelError(f"{folder}: holds an encoder; expected a cross-encoder")
    outputs = len(_settings(folder / "config.json").get("id2label") or {})
    if outputs > 1 and kind is Kind.CROSS_ENCODER:
        raise ModelError(
            f"{folder}: holds a classifier with {outputs} outputs; expected a cross-encoder with one"
        )
    with quiet():
        from sentence_transformers import CrossEncoder

        return _cut(_load(located, CrossEncoder, device, num_labels=1), max_length)


def is_static(folder: Path) -> bool:
    """Whether the model looks vectors of words up and has no layers, by what its folder says."""
    modules = read_json(folder / "modules.json") or [{}]
    return str(modules[0].get("type", "")).rpartition(".")[2] in STATIC


def longest(model: Any) -> int:
    """The most tokens the model can take, by its position table."""
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    return int(getattr(config, "max_position_embeddings", None) or model.max_seq_length or 512)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries from drawing bars and giving advice. Raises MissingExtra without them."""
    try:
        with _uncollected():
            import sentence_transformers  # noqa: F401
        from transformers.utils import logging
    except ImportError:
        raise MissingExtra("loading a model", "", "pip install sentence-transformers") from None
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


@contextmanager
def _uncollected() -> Iterator[None]:
    """No look for garbage while a million objects are made, none of which is any: a fifth of an import's time."""
    ours = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if ours:
            gc.enable()


def _located(model: Located | str | Path | None) -> Located:
    return model if isinstance(model, Located) else locate(model)


def _settings(path: Path) -> dict[str, Any]:
    value = read_json(path)
    return value if isinstance(value, dict) else {}


def _load(located: Located, kind: Callable[..., Any], device: str | None, **options: Any) -> Any:
    from safetensors import SafetensorError

    _check_activations(located)
    try:
        return kind(
            str(located.folder),
            device=device,
            local_files_only=not located.trusted,
            trust_remote_code=located.trusted,
            model_kwargs={"use_safetensors": True},
            **options,
        ).eval()
    except (*LOAD_ERRORS, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        if "trust_remote_code" in str(error) and not located.trusted:
            raise ModelError(f"{located.folder}: needs {OWN_CODE}") from None
        raise ModelError(f"{located.folder}: the model cannot be loaded ({reason})") from None


def _check_activations(located: Located) -> None:
    """Raises ModelError for an activation that is no module of torch.nn."""
    from torch import nn

    for path, name in activations(located) if not located.trusted else ():
        found = getattr(nn, name.rpartition(".")[2], None)
        if not (isinstance(found, type) and issubclass(found, nn.Module)):
            raise ModelError(f"{path}: names the activation {name!r}; expected a class of torch.nn")


def _cut(model: Any, max_length: int | None) -> Any:
    if max_length is not None:
        model.max_seq_length = min(max_length, longest(model))
    return model
