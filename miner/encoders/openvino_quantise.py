"""8-bit integers for a converted model's products: weights by the channel, activations by fixed ranges.

The ranges are taken from the documents of the packaged sample, so that a vector depends on its text and the
model alone. What is too wide in an activation is first moved into the weights (Xiao et al. 2022,
"SmoothQuant", arXiv 2211.10438, section 4, equation 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from logging import ERROR
from typing import Any

import numpy as np

from miner.encoders.batches import Shape, batches
from miner.encoders.tokens import FastTokenizer
from miner.samples import documents

MIGRATION = 0.8
"""How much of the width of an activation is moved: of 0.5 to 0.95 what agrees best with fp32."""


def quantised(converted: Any, tokenizer: FastTokenizer, prompt: str) -> Any:
    """The model with 8-bit products and bf16 or fp32 between them."""
    import nncf
    from nncf import AdvancedQuantizationParameters, AdvancedSmoothQuantParameters

    nncf.set_log_level(ERROR)
    inputs = [dict(enumerate(given)) for given in _inputs(tokenizer, prompt, len(converted.inputs))]
    with redirect_stdout(StringIO()):
        return nncf.quantize(
            converted,
            nncf.Dataset(inputs),
            preset=nncf.QuantizationPreset.MIXED,
            model_type=nncf.ModelType.TRANSFORMER,
            subset_size=len(inputs),
            advanced_parameters=AdvancedQuantizationParameters(
                smooth_quant_alphas=AdvancedSmoothQuantParameters(matmul=MIGRATION)
            ),
        )


def _inputs(tokenizer: FastTokenizer, prompt: str, count: int) -> Iterator[tuple[Any, ...]]:
    """Token ids, mask and segments of each document by itself."""
    windows = tokenizer.windows(documents(), prompt)
    for batch in batches(windows, Shape(tokens=1), tokenizer.pad):
        yield (batch.ids, batch.mask, np.zeros_like(batch.ids))[:count]
