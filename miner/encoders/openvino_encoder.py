"""The OpenVINO encoder: the whole torch model, pooling and all, converted once and kept on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from miner.data import Float32
from miner.encoders.batches import Batch, Forward, Shape, cores
from miner.encoders.model import EncoderModel, load
from miner.encoders.openvino_convert import check_modules, openvino, prepared
from miner.encoders.torch_encoder import TorchEncoder
from miner.errors import ConfigError
from miner.models.hardware import has_bf16
from miner.models.locate import Located

PRECISIONS = {"fp32": "f32", "bf16": "bf16", "int8": "bf16"}
"""What is computed besides the quantised products."""
SHAPE = Shape(digits=3, powers=True)
"""Each shape is compiled when it first comes up."""


@dataclass
class OpenVINOEncoder:
    """Runs a converted SentenceTransformer on the processor; dtype fp32, bf16 or int8.

    int8: see quantise.py. Raises ModelError for a module that cannot be converted faithfully.
    """

    model: EncoderModel
    dtype: str = "bf16"
    threads: int = field(default_factory=cores)
    tokens_encoded: int = 0

    def __post_init__(self) -> None:
        check_modules(self.model)

    @classmethod
    def load(
        cls, located: Located, *, device: str | None, dtype: str | None, **options: Any
    ) -> OpenVINOEncoder:
        """See load_encoder. Raises ConfigError, MissingExtra, ModelError."""
        precision = choose_precision(dtype, device)
        return cls(load(located, **options), precision)

    @property
    def dim(self) -> int:
        return self.model.dim

    @cached_property
    def fingerprint(self) -> Mapping[str, Any]:
        from importlib.metadata import version

        return {
            "backend": "openvino",
            "engine": f"openvino {version('openvino')}, transformers {version('transformers')}",
            "dtype": self.dtype,
            **self.model.identity,
        }

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        return self._encode(texts, self.model.query_prompt)

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        return self._encode(texts, self.model.document_prompt)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self.model.tokenizer.count(texts)

    def full_precision(self) -> TorchEncoder:
        """The model as it is, in fp32 by torch, to compare with."""
        return TorchEncoder(self.model, "cpu", "fp32", self.threads)

    def _encode(self, texts: Sequence[str], prompt: str) -> Float32:
        vectors, tokens = self.model.encode(texts, prompt, self._workers, SHAPE)
        self.tokens_encoded += tokens
        return vectors

    @cached_property
    def _workers(self) -> list[Forward]:
        """As many requests as threads, each request computed by one."""
        converted = prepared(self.model, "int8" if self.dtype == "int8" else "fp32")
        options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": PRECISIONS[self.dtype],
            "NUM_STREAMS": self.threads,
            "INFERENCE_NUM_THREADS": self.threads,
            "ENABLE_CPU_PINNING": False,
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
        }
        compiled = openvino().Core().compile_model(converted, "CPU", options)
        return [_OpenVinoWorker(compiled.create_infer_request()) for _ in range(self.threads)]


@dataclass(frozen=True)
class _OpenVinoWorker:
    request: Any

    def __call__(self, batch: Batch) -> Float32:
        given = (batch.ids, batch.mask, np.zeros_like(batch.ids))
        self.request.infer(dict(enumerate(given[: len(self.request.model_inputs)])), share_inputs=True)
        return np.array(self.request.get_output_tensor(0).data, np.float32)


def choose_precision(dtype: str | None, device: str | None) -> str:
    """The dtype asked for, else bf16 where the processor has it, fp32 elsewhere.

    Raises ConfigError for what OpenVINO is not used for here, MissingExtra.
    """
    if device not in (None, "cpu"):
        raise ConfigError(f"--backend openvino runs on the cpu; for device {device} take --backend torch")
    if dtype is not None and dtype not in PRECISIONS:
        raise ConfigError(f"dtype {dtype} is not for --backend openvino; expected {', '.join(PRECISIONS)}")
    openvino()
    return dtype or ("bf16" if has_bf16() else "fp32")
