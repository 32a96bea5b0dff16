"""Easy negatives beside the hard ones: passages that answer other rows' queries.

A cross-encoder that starts without a trained head learns least from the hardest negatives alone: it has to
learn what is on the subject before it learns what answers. Mixing hard and random negatives is common practice
(Karpukhin et al. 2020, arXiv 2004.04906, section 5.2; Xiong et al. 2020, arXiv 2007.00808).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from miner.data import Int64, Row
from miner.splitting.ties import Ties
from miner.text.fold import fold_kept

TRIES = 20


def mix(rows: Sequence[Row], hard: int, others: int, seed: int) -> list[Row]:
    """Rows with at most `hard` of their negatives, evenly from first to last, and `others` relevant
    passages of rows that share no query and no relevant passage with them, drawn with the seed.

    Fewer than `others` where a row has no strangers enough.
    """
    parts = Ties.of(rows).components(None, 1.0)
    component = parts.of_query[parts.query_of]
    return [
        replace(row, hard_negatives=(*_spread(row.hard_negatives, hard), *drawn))
        for row, drawn in zip(rows, _strangers(rows, component, others, seed), strict=True)
    ]


def _spread(texts: Sequence[str], count: int) -> list[str]:
    if len(texts) <= count:
        return list(texts)
    return [texts[i] for i in np.linspace(0, len(texts) - 1, count).round().astype(int)]


def _strangers(rows: Sequence[Row], component: Int64, count: int, seed: int) -> list[list[str]]:
    keys = [{fold_kept(text) for text in (*row.relevant_passages, *row.hard_negatives)} for row in rows]
    found = []
    for i in range(len(rows)):
        draw, taken, own = np.random.default_rng([seed, i]), dict[bytes, str](), keys[i]
        for _ in range(TRIES * count):
            if len(taken) == count:
                break
            other = int(draw.integers(len(rows)))
            text = rows[other].relevant_passages[int(draw.integers(len(rows[other].relevant_passages)))]
            if component[other] != component[i] and (key := fold_kept(text)) not in own:
                taken.setdefault(key, text)
        found.append(list(taken.values()))
    return found
