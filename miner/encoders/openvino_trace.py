"""From a torch model to OpenVINO's form: traced whole and checked against the original."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from miner.encoders.description import HONOURED, Description
from miner.encoders.model import EncoderModel
from miner.encoders.openvino_runtime import apart, openvino
from miner.errors import ModelError
from miner.models.load import quiet

AGREES = 0.9999
"""The least cosine of the converted model's vectors, in fp32, to the original's."""


def traced(model: EncoderModel) -> tuple[Description, str, Any]:
    """The description of a loaded model, its tokenizer.json, and what OpenVINO makes of it.

    Raises ModelError for a module or a tokenizer that a conversion would not do justice to.
    """
    from transformers import __version__

    check_modules(model)
    engine = openvino()
    whole, example = _traceable(model), _example(model)
    try:
        with quiet(), _unheard():
            converted = engine.convert_model(whole, example_input=example)
    except (RuntimeError, TypeError, ValueError, engine.frontend.OpConversionFailure) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{model.located.name}: cannot be converted to OpenVINO ({reason}); use --backend torch"
        ) from None
    _check(model, whole, converted)
    identity = model.identity
    description = Description(
        modules=tuple(identity["modules"]),
        pooling=tuple(identity["pooling"]),
        query_prompt=model.query_prompt,
        document_prompt=model.document_prompt,
        max_length=identity["max_length"],
        longest=model.longest,
        dim=model.dim,
        pad=model.tokenizer.pad,
        converter=f"transformers {__version__}",
    )
    return description, model.tokenizer.fast.content, converted


def check_modules(model: EncoderModel) -> None:
    """Raises ModelError naming the first module that a conversion would not do justice to."""
    for module in model.network:
        kind = type(module)
        if not kind.__module__.startswith("sentence_transformers.") or kind.__name__ not in HONOURED:
            raise ModelError(
                f"{model.located.name}: {kind.__name__} is not one that can be converted; use --backend torch"
            )
    prompts = {"", "query: ", model.query_prompt, model.document_prompt}
    if not model.tokenizer.plain or not all(map(model.tokenizer.direct, prompts)):
        raise ModelError(f"{model.located.name}: takes more than token ids from a text; use --backend torch")


def _traceable(model: EncoderModel) -> Any:
    import torch

    class Whole(torch.nn.Module):  # type: ignore[misc]
        """The modules in a row, from tensors to a tensor."""

        def __init__(self) -> None:
            super().__init__()
            self.network = model.network

        def forward(self, ids: Any, mask: Any, types: Any | None = None) -> Any:
            features = {"input_ids": ids, "attention_mask": mask}
            if types is not None:
                features["token_type_ids"] = types
            return self.network(features)["sentence_embedding"][:, : model.network.truncate_dim]

    return Whole().eval()


def _example(model: EncoderModel, rows: int = 3, width: int = 24) -> dict[str, Any]:
    """Ids drawn at random, one row whole and the others padded."""
    import torch

    network = model.network
    draw = np.random.default_rng(width)
    ids = draw.integers(0, network[0].model.get_input_embeddings().num_embeddings, (rows, width))
    mask = np.arange(width) < (width - np.arange(rows) * (width // rows))[:, None]
    ids[~mask] = model.tokenizer.pad
    given = {"ids": torch.from_numpy(ids), "mask": torch.from_numpy(mask.astype(np.int64))}
    if model.tokenizer.typed:
        given["types"] = torch.zeros_like(given["ids"])
    return given


def _check(model: EncoderModel, whole: Any, converted: Any) -> None:
    """Raises ModelError unless the converted model computes what the original does, at other shapes too."""
    import torch

    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = apart(lambda: openvino().Core().compile_model(converted, "CPU", exact))
    for rows, width in ((3, 24), (1, 5), (5, 61)):
        example = _example(model, rows, width)
        with torch.inference_mode():
            right = whole(**example).numpy()
        found = compiled([value.numpy() for value in example.values()])[0]
        scale = np.linalg.norm(right, axis=1) * np.linalg.norm(found, axis=1)
        if not ((right * found).sum(axis=1) >= AGREES * scale).all():
            raise ModelError(
                f"{model.located.name}: gives other vectors once converted to OpenVINO; use --backend torch"
            )


@contextmanager
def _unheard() -> Iterator[None]:
    """Tracing says what it cannot see through; the result is checked instead."""
    from torch.jit import TracerWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TracerWarning)
        warnings.filterwarnings("ignore", message="`torch.jit", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`", category=FutureWarning)
        yield
