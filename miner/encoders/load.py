"""Model names to encoders."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from miner.encoders.accept import encoder_of
from miner.encoders.base import Encoder
from miner.encoders.description import convertible
from miner.encoders.endpoint import BACKEND as ENDPOINT
from miner.encoders.endpoint import endpoint_again, is_spelt, parse_endpoint
from miner.encoders.hashing import HashingEncoder
from miner.errors import ConfigError, ModelError
from miner.models.hardware import may_have_gpu
from miner.models.locate import Located, locate

HASHING, TORCH, OPENVINO, AUTO = "hashing", "torch", "openvino", "auto"
BACKENDS = {
    TORCH: "miner.encoders.torch_encoder:TorchEncoder",
    OPENVINO: "miner.encoders.openvino_encoder:OpenVINOEncoder",
}
"""Where a backend's class is; its `load` takes a Located and the options of load_encoder."""

INT8 = "int8"
DTYPES = ("fp32", "bf16", "fp16", INT8)
MOST_DIM = 1 << 20

KEPT = {
    "dtype": (str,),
    "query_prompt": (str,),
    "document_prompt": (str,),
    "max_length": (int, type(None)),
}
"""What an index says of its encoder besides backend and model, and the types of it."""


def load_encoder(
    model: object = None,
    *,
    name: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    backend: str = AUTO,
    query_prompt: str | None = None,
    document_prompt: str | None = None,
    max_length: int | None = None,
    trust_remote_code: bool = False,
) -> Encoder:
    """The encoder of a name: a folder, the bundled all-MiniLM-L6-v2 (the default), a hub name, or
    'hashing', which needs no model and is for tests and smoke runs; or 'openai(model="...")' and its like, which
    ask a service (miner.endpoints). Also out of a SentenceTransformer, of a
    function from texts to vectors, and of an object with encode, or embed_documents and embed_query: these
    need a `name`, by which an index knows their vectors.

    backend: 'torch', 'openvino' or 'auto', the default: the fastest of those installed that does justice to the
    model (`choose_backend`). device: cpu, cuda, cuda:N or mps, the best there is by default. dtype: fp32, bf16,
    fp16 (GPU) or int8 (openvino); by default bf16 where the machine computes in it, else fp32. Prompts and
    max_length (tokens) are the model's own unless given; an empty prompt is none. The network is used for a
    hub name only.

    Raises ConfigError for an option that is unknown or not possible here, MissingExtra, ModelError.
    """
    chosen = choose_backend(backend, device, dtype)
    if not isinstance(model, str | Path | None):
        if any(each is not None for each in (device, dtype, max_length)) or backend != AUTO:
            raise ConfigError(
                "device, dtype, backend and max_length are for a model by name; this one is loaded"
            )
        return encoder_of(model, name, query_prompt=query_prompt, document_prompt=document_prompt)
    model = None if model is None else str(model)
    if model == HASHING:
        return HashingEncoder()
    if model is not None and is_spelt(model):
        return parse_endpoint(model)
    located = locate(model, trust_remote_code=trust_remote_code)
    options = {
        "device": device,
        "dtype": dtype,
        "query_prompt": query_prompt,
        "document_prompt": document_prompt,
        "max_length": max_length,
    }
    if backend == AUTO and chosen == OPENVINO and dtype != INT8:
        with suppress(ModelError):
            if convertible(located):
                return _load(OPENVINO, located, **options)
        chosen = TORCH
    return _load(chosen, located, **options)


def choose_backend(backend: str = AUTO, device: str | None = None, dtype: str | None = None) -> str:
    """'torch' or 'openvino': the one asked for, or for 'auto' the fastest that is installed, told before any is
    loaded. OpenVINO is that on processors, torch on GPUs. Raises ConfigError for another name or dtype.
    """
    if backend != AUTO and backend not in BACKENDS:
        raise ConfigError(f"backend {backend} is unknown; expected {AUTO}, {' or '.join(BACKENDS)}")
    if dtype not in (None, *DTYPES):
        raise ConfigError(f"dtype {dtype} is unknown; expected {', '.join(DTYPES)}")
    if backend != AUTO:
        return backend
    if dtype == INT8:
        return OPENVINO
    on_processor = device == "cpu" or (device is None and not may_have_gpu())
    return OPENVINO if on_processor and dtype != "fp16" and find_spec("openvino") else TORCH


def resolve_again(fingerprint: Mapping[str, Any], *, download: bool = False) -> Encoder:
    """The encoder that an index was built with, by its fingerprint, which may come from anywhere: a hub model is
    taken from the hub's cache, and fetched only with `download`.

    Raises ModelError for a fingerprint that names no encoder that can be loaded, and what load_encoder raises.
    """
    backend, model = fingerprint.get("backend"), fingerprint.get("model")
    if backend == HASHING:
        return HashingEncoder(_whole(fingerprint, "dim"))
    if backend == ENDPOINT:
        return endpoint_again(fingerprint)
    if backend not in BACKENDS or not isinstance(model, str):
        raise ModelError(
            f"the index was built by the encoder {model!r} of backend {backend!r}, which cannot be loaded by name; "
            "give it as an object, as mine(..., encoder=...)"
        )
    options = {name: fingerprint.get(name) for name in KEPT}
    for name, value in options.items():
        if type(value) not in KEPT[name]:
            raise ModelError(f"the index says of its encoder that {name} is {value!r}; build it again")
    return _load(backend, locate(model, download=download), device=None, **options)


def _whole(fingerprint: Mapping[str, Any], name: str) -> int:
    value = fingerprint.get(name)
    if type(value) is not int or not 0 < value <= MOST_DIM:
        raise ModelError(f"the index says of its encoder that {name} is {value!r}; build it again")
    return value


def _load(backend: str, located: Located, **options: Any) -> Encoder:
    module, _, kind = BACKENDS[backend].partition(":")
    encoder: Encoder = getattr(import_module(module), kind).load(located, **options)
    return encoder
