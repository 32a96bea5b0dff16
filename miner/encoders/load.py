"""Model names to encoders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from miner.encoders.base import Encoder
from miner.encoders.hashing import HashingEncoder
from miner.errors import ConfigError
from miner.models.locate import locate

HASHING = "hashing"
BACKENDS = ("torch", "openvino")
KEPT = ("backend", "dtype", "query_prompt", "document_prompt", "max_length")
"""What an index says of its encoder besides the model."""


def load_encoder(
    model: str | None = None,
    *,
    device: str | None = None,
    dtype: str | None = None,
    backend: str | None = None,
    query_prompt: str | None = None,
    document_prompt: str | None = None,
    max_length: int | None = None,
    trust_remote_code: bool = False,
) -> Encoder:
    """The encoder of a name: a folder, the bundled all-MiniLM-L6-v2 (the default), a hub name, or
    'hashing', which needs no model and is for tests and smoke runs.

    device: cpu, cuda, cuda:N or mps, the best there is by default. dtype: fp32, bf16, fp16 (GPU) or int8
    (openvino); by default bf16 where the machine computes in it, else fp32. Prompts and max_length
    (tokens) are the model's own unless given; an empty prompt is none. The network is used for a hub
    name only.

    Raises ConfigError for an option that is unknown or not possible here, MissingExtra, ModelError.
    """
    if backend not in (None, *BACKENDS):
        raise ConfigError(f"backend {backend} is unknown; expected {' or '.join(BACKENDS)}")
    if model == HASHING:
        return HashingEncoder()
    located = locate(model, trust_remote_code=trust_remote_code)
    from miner.encoders.model import load

    loaded = load(located, query_prompt=query_prompt, document_prompt=document_prompt, max_tokens=max_length)
    if backend == "openvino":
        from miner.encoders.openvino_encoder import OpenVINOEncoder, choose_precision

        return OpenVINOEncoder(loaded, choose_precision(dtype, device))
    from miner.encoders.torch_encoder import TorchEncoder, choose_device, choose_dtype

    device = choose_device(device)
    return TorchEncoder(loaded, device, choose_dtype(dtype, device))


def resolve_again(fingerprint: Mapping[str, Any]) -> Encoder:
    """The encoder that an index was built with, by its fingerprint. Raises what resolve raises."""
    if fingerprint["backend"] == HASHING:
        return HashingEncoder(fingerprint["dim"])
    kept: dict[str, Any] = {name: fingerprint.get(name) for name in KEPT}
    return load_encoder(fingerprint["model"], **kept)
