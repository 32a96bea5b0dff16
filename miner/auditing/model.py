"""A cross-encoder's opinion of drawn negatives: quick, and no better than the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from miner.judgments import Pair, Verdict
from miner.mining.rescore import PairScorer


def opinion(pairs: Sequence[Pair], scorer: PairScorer, margin: float = 0.0) -> list[Verdict]:
    """'answers' where the model scores a negative above the median m of its query's relevant passages less
    `margin` * |m|, else 'no': what the filter denoise(relative=margin) would reject. Raises ModelError.
    """
    asked = [(pair.query, pair.passage) for pair in pairs]
    known = list(dict.fromkeys((pair.query, text) for pair in pairs for text in pair.relevant))
    scores = scorer.score([*asked, *known]).astype(np.float64)
    score_of = dict(zip(known, scores[len(asked) :].tolist(), strict=True))
    answers = list[Verdict]()
    for pair, score in zip(pairs, scores.tolist(), strict=False):
        median = float(np.median([score_of[pair.query, text] for text in pair.relevant]))
        answers.append("answers" if score > median - margin * abs(median) else "no")
    return answers
