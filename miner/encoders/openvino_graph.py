"""A BERT encoder with its pooling as an OpenVINO model, written out from safetensors.

Devlin et al. 2019 (arXiv 1810.04805): embeddings, then layers of attention and a GELU network, each with the
input added and normalised behind it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from miner.encoders.bert import BertFiles

PREFIX = "bert."
UNUSED = ("pooler.", "embeddings.position_ids", "cls.")


class _Graph:
    """Nodes by the names of the weights in them."""

    def __init__(self, files: BertFiles, weights: dict[str, Any]) -> None:
        from openvino import opset13

        self.ops, self.files, self.weights = opset13, files, dict(weights)
        self.hidden = files.config["hidden_size"]
        self.heads = files.config["num_attention_heads"]
        self.epsilon = files.config.get("layer_norm_eps", 1e-12)

    def weight(self, name: str, *shape: int) -> Any:
        found = self.weights.pop(name)
        if shape and found.shape[-len(shape) :] != shape:
            raise ValueError(f"{name} is {list(found.shape)}")
        return self.ops.constant(np.asarray(found, np.float32))

    def whole(self, *values: int) -> Any:
        return self.ops.constant(np.array(values, np.int64))

    def number(self, value: int) -> Any:
        return self.ops.constant(np.array(value, np.int64))

    def real(self, value: float) -> Any:
        return self.ops.constant(np.array(value, np.float32))

    def linear(self, x: Any, name: str) -> Any:
        product = self.ops.matmul(x, self.weight(f"{name}.weight"), False, True)
        return self.ops.add(product, self.weight(f"{name}.bias"))

    def norm(self, x: Any, name: str) -> Any:
        centred = self.ops.mvn(x, self.whole(2), True, self.epsilon, "inside_sqrt")
        scaled = self.ops.multiply(centred, self.weight(f"{name}.weight", self.hidden))
        return self.ops.add(scaled, self.weight(f"{name}.bias", self.hidden))

    def embedded(self, ids: Any) -> Any:
        ops, tables = self.ops, "embeddings"
        words = ops.gather(self.weight(f"{tables}.word_embeddings.weight", self.hidden), ids, self.number(0))
        first_type = self.weights.pop(f"{tables}.token_type_embeddings.weight")[0]
        words = ops.add(words, ops.constant(np.asarray(first_type, np.float32)))
        width = ops.gather(ops.shape_of(ids), self.number(1), self.number(0))
        places = ops.range(self.number(0), width, self.number(1), output_type="i64")
        table = self.weight(f"{tables}.position_embeddings.weight", self.hidden)
        return self.norm(ops.add(words, ops.gather(table, places, self.number(0))), f"{tables}.LayerNorm")

    def layer(self, x: Any, bias: Any, name: str) -> Any:
        ops, attention = self.ops, f"{name}.attention"
        apart = self.whole(0, 0, self.heads, self.hidden // self.heads)
        query, key, value = (
            ops.transpose(
                ops.reshape(self.linear(x, f"{attention}.self.{part}"), apart, True), self.whole(0, 2, 1, 3)
            )
            for part in ("query", "key", "value")
        )
        seen = ops.scaled_dot_product_attention(query, key, value, bias)
        joined = ops.reshape(ops.transpose(seen, self.whole(0, 2, 1, 3)), self.whole(0, 0, self.hidden), True)
        x = self.norm(
            ops.add(self.linear(joined, f"{attention}.output.dense"), x), f"{attention}.output.LayerNorm"
        )
        wide = ops.gelu(self.linear(x, f"{name}.intermediate.dense"), "erf")
        return self.norm(ops.add(self.linear(wide, f"{name}.output.dense"), x), f"{name}.output.LayerNorm")

    def pooled(self, x: Any, mask: Any) -> Any:
        ops = self.ops
        if self.files.pooled == "cls":
            return ops.gather(x, self.number(0), self.number(1))
        seen = ops.unsqueeze(mask, self.number(2))
        if self.files.pooled == "max":
            hidden = ops.multiply(ops.subtract(self.real(1), seen), self.real(-1e9))
            return ops.reduce_max(ops.add(ops.multiply(x, seen), hidden), self.number(1))
        total = ops.reduce_sum(ops.multiply(x, seen), self.number(1))
        count = ops.maximum(ops.reduce_sum(seen, self.number(1)), self.real(1e-9))
        return ops.divide(total, count)

    def model(self) -> Any:
        from openvino import Model

        ops = self.ops
        ids = ops.parameter([-1, -1], np.int64, name="ids")
        mask = ops.parameter([-1, -1], np.int64, name="mask")
        real = ops.convert(mask, "f32")
        away = ops.multiply(ops.subtract(self.real(1), real), self.real(float(np.finfo(np.float32).min)))
        bias, x = ops.unsqueeze(away, self.whole(1, 2)), self.embedded(ids)
        for number in range(self.files.config["num_hidden_layers"]):
            x = self.layer(x, bias, f"encoder.layer.{number}")
        return Model([self.pooled(x, real).output(0)], [ids, mask], "encoder")


def bert_graph(files: BertFiles) -> Any | None:
    """The OpenVINO model of token ids and mask, both int64 [rows, width], to vectors [rows, dim].

    None if the weights are not exactly those of such an encoder.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        weights = {name.removeprefix(PREFIX): each for name, each in load_file(files.weights).items()}
        used = {name: each for name, each in weights.items() if not name.startswith(UNUSED)}
        graph = _Graph(files, used)
        model = graph.model()
    except (KeyError, ValueError, TypeError, RuntimeError, SafetensorError, OSError):
        return None
    return None if graph.weights else model
