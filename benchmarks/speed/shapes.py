"""Would other batches encode faster? The OpenVINO encoder with smaller and larger batches, and one stream.

    python -m benchmarks.speed.shapes DATA_DIR SET [--passages 400] [--dtype int8] [--rounds 5]

The set's first passages are encoded in turn in every way, the first round aside, in which shapes are compiled. Padding
is what packing several texts into one row could save at most. One stream computes a batch on all cores, where miner
computes a batch a core. Puts the results into benchmarks/results/shapes.json; those of other sets and precisions stay
there.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.speed.speed import spread
from miner.corpus import read_corpus
from miner.encoders.batches import Forward, batches, encode
from miner.encoders.load import load_encoder
from miner.encoders.openvino_encoder import SHAPE, OpenVINOEncoder
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "shapes.json"
AS_IT_IS = "as it is"
SHAPES = {
    AS_IT_IS: SHAPE,
    "half the tokens a batch": replace(SHAPE, tokens=512),
    "twice the tokens a batch": replace(SHAPE, tokens=2048),
}
ONE_STREAM = "one stream on all cores"


def one_stream(encoder: OpenVINOEncoder) -> list[Forward]:
    """A single request that is computed by all threads."""
    whole = replace(encoder)
    workers: Sequence[Any] = whole._workers
    compiled = workers[0].request.get_compiled_model()
    options = {
        "INFERENCE_PRECISION_HINT": compiled.get_property("INFERENCE_PRECISION_HINT"),
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": whole.threads,
        "ENABLE_CPU_PINNING": False,
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
    }
    again = whole.model.compiled("int8" if whole.dtype == "int8" else "fp32", options)
    return [type(workers[0])(again.create_infer_request())]


def measure(encoder: OpenVINOEncoder, texts: Sequence[str], rounds: int) -> dict[str, Any]:
    tokenizer, workers, single = encoder._tokenizer, encoder._workers, one_stream(encoder)
    ways = {name: (shape, workers) for name, shape in SHAPES.items()} | {ONE_STREAM: (SHAPE, single)}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    tokens = 0
    for _ in range(rounds + 1):
        for name, (shape, computing) in ways.items():
            start = time.perf_counter()
            _, tokens = encode(texts, "", tokenizer, computing, shape, encoder.dim)
            seconds[name].append(time.perf_counter() - start)
    found: dict[str, Any] = {"passages": len(texts), "tokens": tokens}
    for name, (shape, _) in ways.items():
        made = list(batches(tokenizer.windows(list(dict.fromkeys(texts)), ""), shape, tokenizer.pad))
        found[name] = {
            "seconds": spread(seconds[name][1:]),
            "speed": spread([a / b for a, b in zip(seconds[AS_IT_IS][1:], seconds[name][1:], strict=True)]),
            "padding": round(sum(batch.ids.size for batch in made) / tokens - 1, 4),
            "shapes": len({batch.ids.shape for batch in made}),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("set")
    parser.add_argument("--passages", type=int, default=400)
    parser.add_argument("--dtype")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    encoder = load_encoder(backend="openvino", dtype=given.dtype)
    assert isinstance(encoder, OpenVINOEncoder)
    read = islice(read_corpus(given.data / given.set), given.passages)
    texts = [f"{passage.title}\n{passage.text}".strip() for passage in read]
    record = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    record[f"{given.set}: {encoder.dtype}"] = measure(encoder, texts, given.rounds)
    write_json(RESULTS, record)


if __name__ == "__main__":
    main()
