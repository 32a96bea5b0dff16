"""How well a ranking puts relevant passages first: the four figures Cohere reported after fine-tuning.

Accuracy@k: a relevant passage is among the first k. MRR@10: one over the rank of the first relevant
passage, 0 beyond rank 10. nDCG@10: Järvelin & Kekäläinen 2002, relevance 0 or 1, discount log2(rank + 1).
Equal scores count against the model: of documents that score the same, the relevant ones come last.
"""

from __future__ import annotations

import numpy as np

from miner.data import Bool, Float32, Float64

METRICS = ("Accuracy@1", "Accuracy@3", "MRR@10", "nDCG@10")
PRIMARY = METRICS.index("nDCG@10")
DEPTH = 10
_DISCOUNT: Float64 = 1.0 / np.log2(np.arange(2, DEPTH + 2))


def judge(scores: Float32, relevant: Bool) -> Float64:
    """The METRICS of one ranking, float64 [4]. scores and relevant are [documents]; one must be relevant."""
    order = np.lexsort((relevant, -scores))
    first = relevant[order][:DEPTH]
    hits = np.flatnonzero(first)
    rank = int(hits[0]) + 1 if len(hits) else DEPTH + 1
    ideal = float(_DISCOUNT[: int(relevant.sum())].sum())
    gain = float(_DISCOUNT[: len(first)][first].sum())
    return np.array([rank == 1, rank <= 3, 1 / rank if rank <= DEPTH else 0.0, gain / ideal], np.float64)
