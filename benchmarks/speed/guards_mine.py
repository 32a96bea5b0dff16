"""One run of mining, for guards_cost.py, by whatever version of miner stands on the path.

    python benchmarks/speed/guards_mine.py FOLDER INDEX OUTPUT COUNT

FOLDER holds passages.json, queries.json, vectors.npy and query_vectors.npy. The index is built if it is not there.
Prints the seconds of processor that mining took, and those of the last check before writing.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from miner.data import Passage, Query
from miner.encoders.functions import FunctionEncoder
from miner.index import build_index, open_index
from miner.mining import result
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine


def _vectors_of(vectors: Mapping[str, Any], texts: Sequence[str]) -> Any:
    return np.array([vectors[text] for text in texts], np.float32)


def timed(module: Any, name: str, spent: list[float]) -> None:
    """Lets a function of a module add to `spent` what it takes."""
    function: Callable[..., Any] = getattr(module, name)

    def measured(*given: Any, **named: Any) -> Any:
        start = time.process_time()
        try:
            return function(*given, **named)
        finally:
            spent.append(time.process_time() - start)

    setattr(module, name, measured)


def main() -> None:
    folder, place, output = map(Path, sys.argv[1:4])
    passages, asked = (json.loads((folder / f"{name}.json").read_text()) for name in ("passages", "queries"))
    queries = [Query(text, (), tuple(ids)) for text, ids in asked]
    vectors = {
        **dict(zip((text for text, _ in asked), np.load(folder / "query_vectors.npy"), strict=True)),
        **dict(zip(passages, np.load(folder / "vectors.npy"), strict=True)),
    }
    embed = partial(_vectors_of, vectors)
    encoder = FunctionEncoder("known", embed, embed, len(next(iter(vectors.values()))))
    if not (place / "manifest.json").exists():
        build_index([Passage(str(i), text) for i, text in enumerate(passages)], place, encoder)
    checking = list[float]()
    for name in ("check_texts", "check_documents"):
        if hasattr(result, name):
            timed(result, name, checking)
    index = open_index(place)
    start = time.process_time()
    mine(queries, index, Recipe(n=int(sys.argv[4])), encoder=encoder).write(output)
    print(json.dumps({"mining": time.process_time() - start, "check": sum(checking)}))


if __name__ == "__main__":
    main()
