"""The PyTorch encoder: the model's own modules and prompts, miner's batches."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from miner.data import Float32
from miner.encoders.batches import Batch, Forward, Shape, encode, unit
from miner.encoders.model import EncoderModel, load
from miner.errors import ConfigError
from miner.models.hardware import best_device, cores, has_bf16
from miner.models.locate import Located
from miner.progress import ticker

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
GPU_TOKENS = 8192
STATIC_TEXTS = 1024
"""Texts of a static model that are summed up at once."""
LEAST_ROWS = 8
"""Of a batch, where a module after the pooling multiplies matrices: below 4 rows fp32 takes another path."""


@dataclass
class TorchEncoder:
    """Runs every module of a SentenceTransformer; the transformer in `dtype`, what follows it in fp32.

    On a processor each batch is one thread's work. Of several GPUs each has a copy of the model and takes
    batches from the same queue.
    """

    model: EncoderModel
    device: str = "cpu"
    dtype: str = "fp32"
    threads: int = field(default_factory=cores)
    tokens_encoded: int = 0

    @classmethod
    def load(cls, located: Located, *, device: str | None, dtype: str | None, **options: Any) -> TorchEncoder:
        """See load_encoder. Raises ConfigError, MissingExtra, ModelError."""
        model = load(located, **options)
        device = choose_device(device)
        return cls(model, device, choose_dtype(dtype, device))

    @property
    def dim(self) -> int:
        return self.model.dim

    @cached_property
    def fingerprint(self) -> Mapping[str, Any]:
        from importlib.metadata import version

        engine = f"torch {version('torch').partition('+')[0]}, transformers {version('transformers')}"
        return {
            "backend": "torch",
            "engine": f"{engine}, {self.device.partition(':')[0]}",
            "dtype": self.dtype,
            **self.model.identity,
        }

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        return self._encode(texts, self.model.query_prompt, "encode_query")

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        return self._encode(texts, self.model.document_prompt, "encode_document")

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self.model.tokenizer.count(texts)

    def token_spans(self, texts: Sequence[str]) -> list[list[tuple[int, int, bool]]]:
        """See miner.encoders.legibility."""
        return self.model.tokenizer.spans(texts)

    def _encode(self, texts: Sequence[str], prompt: str, method: str) -> Float32:
        import torch

        if not self.model.tokenizer.plain:
            return self._by_the_library(texts, prompt, method)
        threads = torch.get_num_threads()
        workers = self._workers(self.model.tokenizer.prompt_tokens(prompt))
        try:
            vectors, tokens = encode(texts, prompt, self.model.tokenizer, workers, self._shape, self.dim)
        finally:
            torch.set_num_threads(threads)
        self.tokens_encoded += tokens
        return vectors

    def _by_the_library(self, texts: Sequence[str], prompt: str, method: str) -> Float32:
        """For models that take more from a text than token ids: one text at a time, so that nothing lies beside it;
        of static models, which sum up vectors of words, text by text, many at a time."""
        network, tell = self._networks[0], ticker()
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        distinct, out = list(places), np.empty((len(places), self.dim), np.float32)
        size = STATIC_TEXTS if self._sums_words else 1
        options = {"prompt": prompt, "batch_size": size, "show_progress_bar": False}
        for start in range(0, len(distinct), size):
            some = distinct[start : start + size]
            out[start : start + len(some)] = getattr(network, method)(some, **options)
            tell(len(some))
        return unit(out)[[places[text] for text in texts]]

    @property
    def _sums_words(self) -> bool:
        """Whether the model is static, and nothing after it multiplies matrices."""
        first, *others = self.model.network
        heavy = any(True for each in others for _ in each.parameters())
        return type(first).__name__ == "StaticEmbedding" and not heavy

    def _workers(self, prompt_tokens: int | None) -> list[Forward]:
        count = self.threads if self.device == "cpu" else len(self._networks)
        typed = self.model.tokenizer.typed
        networks = self._networks * (count // len(self._networks))
        return [_TorchWorker(network, typed, prompt_tokens) for network in networks]

    @cached_property
    def _shape(self) -> Shape:
        heavy = any(True for module in list(self.model.network)[1:] for _ in module.parameters())
        if self.device == "cpu":
            return Shape(digits=4, least_rows=LEAST_ROWS if heavy else 1)
        return Shape(tokens=GPU_TOKENS, least_rows=LEAST_ROWS, filled=True)

    @cached_property
    def _networks(self) -> list[Any]:
        """The model itself, turned to its dtype and moved to its device; a copy for each further device."""
        import torch

        count = torch.cuda.device_count() if self.device == "cuda" else 1
        devices = [f"cuda:{i}" for i in range(count)] if count > 1 else [self.device]
        network = self.model.network
        network[0].to(getattr(torch, DTYPES[self.dtype]))
        if not network[0]._forward_hooks:
            network[0].register_forward_hook(_to_fp32)
        others = [copy.deepcopy(network).to(device) for device in devices[1:]]
        return [network.to(devices[0]), *others]


@dataclass(frozen=True)
class _TorchWorker:
    network: Any
    typed: bool
    prompt_tokens: int | None

    def __call__(self, batch: Batch) -> Float32:
        import torch

        if (device := self.network.device).type == "cpu":
            torch.set_num_threads(1)
        features: dict[str, Any] = {
            "input_ids": torch.from_numpy(batch.ids).to(device),
            "attention_mask": torch.from_numpy(batch.mask).to(device),
        }
        if self.typed:
            features["token_type_ids"] = torch.zeros_like(features["input_ids"])
        if self.prompt_tokens is not None:
            features["prompt_length"] = self.prompt_tokens
        with torch.inference_mode():
            vectors = self.network(features)["sentence_embedding"]
            if (dim := self.network.truncate_dim) is not None:
                vectors = vectors[:, :dim]
            return np.asarray(vectors.float().cpu().numpy(), np.float32)


def _to_fp32(module: Any, inputs: Any, features: dict[str, Any]) -> dict[str, Any]:
    import torch

    return {
        name: value.float() if torch.is_tensor(value) and value.is_floating_point() else value
        for name, value in features.items()
    }


def choose_device(device: str | None) -> str:
    """The device asked for, else the best there is: cuda, mps, cpu. Raises ConfigError if it is not there."""
    if device is None:
        return best_device()
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    kind, _, number = device.partition(":")
    if not there.get(kind) or (number and (not number.isdigit() or int(number) >= torch.cuda.device_count())):
        available = ", ".join(name for name, here in there.items() if here)
        raise ConfigError(f"device {device} is not on this machine; there is {available}")
    return device


def choose_dtype(dtype: str | None, device: str) -> str:
    """The dtype asked for, else bf16 where the device computes in it, fp32 elsewhere. Raises ConfigError."""
    if dtype is None:
        return "bf16" if has_bf16(device) else "fp32"
    if dtype == "int8":
        raise ConfigError("dtype int8 is for --backend openvino; torch takes fp32, bf16 or fp16")
    if dtype == "fp16" and device == "cpu":
        raise ConfigError("dtype fp16 is for GPUs; on a processor take bf16 or fp32")
    return dtype
