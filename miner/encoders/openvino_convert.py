"""From a torch model to OpenVINO's form: traced whole, checked against the original, kept on disk."""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import orjson

from miner.encoders.model import EncoderModel
from miner.encoders.openvino_quantise import quantised
from miner.errors import MissingExtra, ModelError
from miner.models.load import quiet
from miner.storage.cachedir import cache_folder

HONOURED = {"Transformer", "Pooling", "Normalize", "Dense", "LayerNorm", "Dropout"}
"""Modules of sentence-transformers whose computation a trace captures for any text."""

RECIPE = 2
"""Changed whenever what is made here changes, so that what was made before is not taken for it."""

AGREES = 0.9999
"""The least cosine of the converted model's vectors, in fp32, to the original's."""


def openvino() -> Any:
    """OpenVINO without its reports of use: it goes without the package that sends them if there is none.

    Raises MissingExtra.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    if find_spec("nncf") is None or find_spec("openvino") is None:
        raise MissingExtra("--backend openvino", "openvino")
    import openvino

    return openvino


def prepared(model: EncoderModel, weights: str) -> Any:
    """The converted model with weights in 'fp32' or 'int8', from the cache if it is there.

    It is read from a file in any case: one fresh from the conversion differs from it in the last bits.
    """
    file = _cache(model) / f"{weights}.xml"
    if file.is_file():
        return openvino().Core().read_model(file)
    converted = quantised(prepared(model, "fp32"), model) if weights == "int8" else _converted(model)
    try:
        return _read_back(converted, file)
    except OSError:
        with TemporaryDirectory() as folder:
            return _read_back(converted, Path(folder) / file.name)


def _cache(model: EncoderModel) -> Path:
    """A folder of the user's cache, MINER_CACHE or ~/.cache/miner, for this model and these versions."""
    from importlib.metadata import version

    versions = {name: version(name) for name in ("openvino", "nncf", "torch", "transformers")}
    parts = {name: model.identity[name] for name in ("weights", "settings", "modules", "pooling")}
    key = orjson.dumps({**parts, **versions, "recipe": RECIPE}, option=orjson.OPT_SORT_KEYS)
    return cache_folder() / "openvino" / hashlib.sha256(key).hexdigest()[:32]


def _read_back(converted: Any, file: Path) -> Any:
    """The model as it comes out of the file, which is written whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=file.parent) as private:
        made = Path(private) / file.name
        openvino().save_model(converted, made, compress_to_fp16=False)
        for path in (made.with_suffix(".bin"), made):
            path.replace(file.parent / path.name)
    return openvino().Core().read_model(file)


def _converted(model: EncoderModel) -> Any:
    engine = openvino()
    whole, example = _traceable(model), _example(model)
    try:
        with quiet(), _traced():
            converted = engine.convert_model(whole, example_input=example)
    except (RuntimeError, TypeError, ValueError, engine.frontend.OpConversionFailure) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{model.located.name}: cannot be converted to OpenVINO ({reason}); use --backend torch"
        ) from None
    _check(model, whole, converted)
    return converted


def check_modules(model: EncoderModel) -> None:
    """Raises ModelError naming the first module that a conversion would not do justice to."""
    prompts = model.query_prompt + model.document_prompt
    for module in model.network:
        kind = type(module)
        ours = kind.__module__.startswith("sentence_transformers.") and kind.__name__ in HONOURED
        if not ours or (prompts and not getattr(module, "include_prompt", True)):
            why = "leaves the prompt out of the pooling" if ours else "is not one that can be converted"
            raise ModelError(f"{model.located.name}: {kind.__name__} {why}; use --backend torch")
    if not model.tokenizer.plain:
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

    compiled = openvino().Core().compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
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
def _traced() -> Iterator[None]:
    """Tracing says what it cannot see through; the result is checked instead."""
    from torch.jit import TracerWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TracerWarning)
        warnings.filterwarnings("ignore", message="`torch.jit", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`", category=FutureWarning)
        yield
