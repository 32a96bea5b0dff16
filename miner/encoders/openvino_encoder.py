"""The OpenVINO encoder: the whole model, pooling and all, converted once and kept on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np

from miner.data import Float32
from miner.encoders.batches import LEAST_TOKENS, Batch, Forward, Shape, encode
from miner.encoders.description import check_length
from miner.encoders.openvino_convert import ConvertedModel, converted
from miner.encoders.openvino_runtime import begun, openvino, openvino_version
from miner.encoders.tokens import FastTokenizer
from miner.errors import ConfigError, MissingExtra, ModelError
from miner.models.hardware import cores, has_bf16
from miner.models.locate import Located

PRECISIONS = {"fp32": "f32", "bf16": "bf16", "int8": "bf16"}
"""What is computed besides the quantised products."""
SHAPE = Shape(digits=4, heights=3)
"""Each shape is compiled when it first comes up."""


@dataclass
class OpenVINOEncoder:
    """Runs a converted SentenceTransformer on the processor; dtype fp32, bf16 or int8 (openvino_quantise.py)."""

    model: ConvertedModel
    query_prompt: str
    document_prompt: str
    max_length: int | None
    dtype: str = "bf16"
    threads: int = field(default_factory=cores)
    tokens_encoded: int = 0

    @classmethod
    def load(
        cls,
        located: Located,
        *,
        device: str | None = None,
        dtype: str | None = None,
        query_prompt: str | None = None,
        document_prompt: str | None = None,
        max_length: int | None = None,
    ) -> OpenVINOEncoder:
        """See load_encoder. Raises ConfigError, MissingExtra, ModelError for a module that cannot be converted
        faithfully.
        """
        precision = choose_precision(dtype, device)
        model = converted(located)
        own = model.description
        if max_length is not None:
            check_length(max_length, own.longest)
        encoder = cls(
            model,
            own.query_prompt if query_prompt is None else query_prompt,
            own.document_prompt if document_prompt is None else document_prompt,
            own.max_length if max_length is None else max_length,
            precision,
        )
        if (encoder.query_prompt or encoder.document_prompt) and not own.includes_prompt:
            raise ModelError(
                f"{located.name}: Pooling leaves the prompt out of the pooling; use --backend torch"
            )
        return encoder

    @property
    def dim(self) -> int:
        return self.model.description.dim

    @cached_property
    def fingerprint(self) -> Mapping[str, Any]:
        own, sums = self.model.description, self.model.sums
        return {
            "backend": "openvino",
            "engine": f"openvino {openvino_version()}, {own.converter}, widths of {SHAPE.digits} digits",
            "dtype": self.dtype,
            "model": self.model.located.name,
            "weights": sums.weights,
            "settings": sums.settings,
            "modules": list(own.modules),
            "pooling": [dict(each) for each in own.pooling],
            "query_prompt": self.query_prompt,
            "document_prompt": self.document_prompt,
            "max_length": self.max_length,
            "dim": self.dim,
        }

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        return self._encode(texts, self.query_prompt)

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        return self._encode(texts, self.document_prompt)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._tokenizer.count(texts)

    def token_spans(self, texts: Sequence[str]) -> list[list[tuple[int, int, bool]]]:
        """See miner.encoders.legibility."""
        return self._tokenizer.spans(texts)

    def full_precision(self) -> OpenVINOEncoder:
        """The model in fp32, to compare with."""
        return replace(self, dtype="fp32", tokens_encoded=0)

    @cached_property
    def _tokenizer(self) -> FastTokenizer:
        return FastTokenizer(self.model.tokenizer, self.max_length, self.model.description.pad)

    def _encode(self, texts: Sequence[str], prompt: str) -> Float32:
        if not texts:
            return np.empty((0, self.dim), np.float32)
        vectors, tokens = encode(texts, prompt, self._tokenizer, self._workers, SHAPE, self.dim)
        self.tokens_encoded += tokens
        return vectors

    def warm_up(self) -> None:
        """Read the model, and begin to get it ready beside what is done until a text is to be encoded."""
        if self.model.has(self._weights):
            _ = self._begun

    @property
    def _workers(self) -> list[Forward]:
        return self._begun.result()

    @cached_property
    def _begun(self) -> Future[list[Forward]]:
        """As many requests as threads, each request computed by one. The model is read before anything goes on beside
        it, since OpenVINO changes the locale meanwhile.
        """
        _settle_bindings()
        options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": PRECISIONS[self.dtype],
            "NUM_STREAMS": self.threads,
            "INFERENCE_NUM_THREADS": self.threads,
            "ENABLE_CPU_PINNING": False,
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
        }
        compiled = self.model.compiled(self._weights, options)
        return begun(lambda: self._ready(compiled))

    @property
    def _weights(self) -> str:
        return "int8" if self.dtype == "int8" else "fp32"

    def _ready(self, compiled: Any) -> list[Forward]:
        """The first text makes each request pack its weights."""
        workers = [_OpenVinoWorker(compiled.create_infer_request()) for _ in range(self.threads)]
        some = np.ones((1, LEAST_TOKENS), np.int64)
        for worker in workers:
            worker(Batch(np.zeros(1, np.int64), some, some))
        self._tokenizer.warm_up()
        return list(workers)


def _settle_bindings() -> None:
    """Have the bindings make their tables of types in one thread: two that make them at once wait for each other
    for ever, one for the interpreter's lock and one for the table's."""
    tensor = openvino().Tensor(np.zeros((1, 1), np.int64), shared_memory=True)
    tensor.element_type.to_dtype()
    _ = tensor.data


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
    if dtype == "int8" and find_spec("nncf") is None:
        raise MissingExtra("--dtype int8", "int8")
    return dtype or ("bf16" if has_bf16() else "fp32")
